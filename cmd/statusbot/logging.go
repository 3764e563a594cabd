package main

import (
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/statusbot/statusbot/internal/checks/redact"
)

// logFlags declares the flags of every command that runs for long.
func logFlags(c *cobra.Command, level string) func(io.Writer) (*zap.Logger, error) {
	fs := c.Flags()
	asked := fs.String("log-level", level, "debug, info, warn or error")
	form := fs.String("log-format", "console", "console or json")
	completeFlag(c, "log-level", "debug", "info", "warn", "error")
	completeFlag(c, "log-format", "console", "json")
	return func(out io.Writer) (*zap.Logger, error) {
		l, err := zapcore.ParseLevel(*asked)
		if err != nil {
			return nil, usageError(fmt.Sprintf("--log-level is %q; write debug, info, warn or error", *asked))
		}
		c := zap.NewProductionEncoderConfig()
		c.EncodeTime = zapcore.ISO8601TimeEncoder
		c.EncodeDuration = zapcore.StringDurationEncoder
		var enc zapcore.Encoder
		switch *form {
		case "json":
			enc = zapcore.NewJSONEncoder(c)
		case "console":
			enc = zapcore.NewConsoleEncoder(c)
		default:
			return nil, usageError(fmt.Sprintf("--log-format is %q; write console or json", *form))
		}
		logger := zap.New(zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(out)), l))
		log.SetFlags(0)
		log.SetOutput(libraries{logger})
		return logger, nil
	}
}

// libraries writes what libraries say by themselves (net/http of a peer that breaks the
// rules of HTTP/2) into the log, at the level of debug: it is what a peer sent, a line each
// time, and the result of the probe has it in words.
type libraries struct{ logger *zap.Logger }

func (l libraries) Write(said []byte) (int, error) {
	l.logger.Debug("a library says", zap.String("said", redact.Text(redact.Printable(strings.TrimSpace(string(said))))))
	return len(said), nil
}
