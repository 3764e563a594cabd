package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"
)

// TestSecretIsNeverPrinted prints a loaded configuration in every way that a
// log or a dump might.
func TestSecretIsNeverPrinted(t *testing.T) {
	cfg := mustLoad(t, write(t, "slack: {mode: socket, bot_token: xoxb-hunter2, app_token: xapp-hunter2}\n"), nil)
	if cfg.Slack.BotToken.Reveal() != "xoxb-hunter2" {
		t.Fatal("the token was not read")
	}
	hidden := struct{ slack Slack }{cfg.Slack} // fmt calls no methods on unexported fields

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%5.2f", "%p", "%T", "%z"} {
		for _, v := range []any{cfg, *cfg, cfg.Slack, hidden, cfg.Slack.BotToken, &cfg.Slack.BotToken, []Secret{cfg.Slack.AppToken}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		text, err := marshal(cfg.Slack)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("(secret)")) {
			t.Errorf("marshalled: %s", text)
		}
		out.Write(text)
	}
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel))
	logger.Info("loaded", zap.Any("slack", cfg.Slack), zap.Any("token", cfg.Slack.BotToken), zap.Stringer("s", cfg.Slack.AppToken), zap.Reflect("r", hidden))
	logger.Sugar().Infow("loaded", "slack", cfg.Slack, "token", cfg.Slack.BotToken)
	slog.New(slog.NewTextHandler(&out, nil)).Info("loaded", "slack", cfg.Slack, "token", cfg.Slack.BotToken)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("loaded", "slack", cfg.Slack, "token", cfg.Slack.BotToken)

	for _, form := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if at := strings.Index(out.String(), form); at >= 0 {
			t.Errorf("a secret was printed: %s", out.String()[max(0, at-80):at+20])
		}
	}
}

func TestSecretEqual(t *testing.T) {
	a, b := NewSecret("x"), NewSecret("x")
	if !a.Equal(b) || a.Equal(NewSecret("y")) || !NewSecret("").IsZero() || a.IsZero() || (Secret{}).Reveal() != "" {
		t.Error("Equal, IsZero or Reveal is wrong")
	}
}
