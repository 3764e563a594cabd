package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAccess(t *testing.T) {
	path := write(t, `products: [{id: p}]
access:
  read: [channel_members, U0ANA]
  write: [everyone]
  respond: ["@oncall", S0LEADS, W0BEN]
  guests: nothing
`)
	want := Access{
		Read:    Who{Members: true, Users: []string{"U0ANA"}},
		Write:   Who{Everyone: true},
		Respond: Who{Users: []string{"W0BEN"}, Groups: []string{"@oncall", "S0LEADS"}},
		Guests:  GuestsNothing,
	}
	if diff := cmp.Diff(want, mustLoad(t, path, nil).Access); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// A list in a variable has commas between.
	env := map[string]string{"STATUSBOT_ACCESS_RESPOND": "channel_members, @leads", "STATUSBOT_ACCESS_GUESTS": "read"}
	want.Respond, want.Guests = Who{Members: true, Groups: []string{"@leads"}}, GuestsRead
	if diff := cmp.Diff(want, mustLoad(t, path, env).Access); diff != "" {
		t.Errorf("with the environment (-want +got)\n%s", diff)
	}
	_, err := Load(path, environment(map[string]string{"STATUSBOT_ACCESS_WRITE": "U1,evryone"}))
	wantErr := `environment: STATUSBOT_ACCESS_WRITE: "U1" names nobody; write everyone, channel_members, the id of a person (U...), or a user group ("@oncall", or its id S...)
environment: STATUSBOT_ACCESS_WRITE: "evryone" names nobody; did you mean "everyone"?`
	if err == nil || err.Error() != wantErr {
		t.Errorf("got %v, want %s", err, wantErr)
	}
}

func TestHTTPMode(t *testing.T) {
	path := write(t, `products: [{id: p}]
slack: {mode: http, listen: "0.0.0.0:8443", bot_token: xoxb-1, cert_file: cert.pem, key_file: key.pem}
`)
	cfg := mustLoad(t, path, map[string]string{"STATUSBOT_SLACK_SIGNING_SECRET": "8f742231b10e8888abcd99yyyzzz85a5"})
	if s := cfg.Slack; s.Mode != ModeHTTP || s.SigningSecret.Reveal() != "8f742231b10e8888abcd99yyyzzz85a5" || s.CertFile == "cert.pem" || s.KeyFile == "" {
		t.Errorf("got %+v", s)
	}
	for _, w := range cfg.Warnings { // an address that others reach is what http mode is for
		if w.Path == "slack.listen" {
			t.Errorf("warning: %s", w)
		}
	}
	if cfg.Updates.Channel != "" {
		t.Errorf("updates.channel = %q, want none: only the sandbox has a channel of that name", cfg.Updates.Channel)
	}
}
