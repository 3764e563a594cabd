package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
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
		return zap.New(zapcore.NewCore(enc, zapcore.Lock(zapcore.AddSync(out)), l)), nil
	}
}
