package probe

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/statusbot/statusbot/internal/checks"
)

// SecureOptions are the part of a kind's options that says whether and how its
// connection is secured, and how its client proves who it is.
type SecureOptions struct {
	TLS          bool   `mapstructure:"tls"`          // the connection begins with a TLS handshake
	CAFile       string `mapstructure:"ca_file"`      // authorities that count in place of the system's, PEM
	InsecureTLS  bool   `mapstructure:"insecure_tls"` // accept any certificate
	Dir          string `mapstructure:"dir"`          // folder that the files are found from; default the folder of the file that defines the check
	ProofOptions `mapstructure:",squash"`
}

// Config returns nil for plain text.
func (o SecureOptions) Config(c checks.Check, t Target) (*tls.Config, error) {
	const noTLS, instead = "is not looked at without TLS", "write tls: true"
	switch {
	case !o.TLS && o.CAFile != "":
		return nil, &OptionError{Key: "ca_file", Problem: noTLS, Instead: instead}
	case !o.TLS && o.InsecureTLS:
		return nil, &OptionError{Key: "insecure_tls", Problem: noTLS, Instead: instead}
	case !o.TLS && o.option() != "":
		return nil, &OptionError{Key: o.option(), Problem: noTLS, Instead: instead}
	case !o.TLS:
		return nil, nil
	case o.InsecureTLS && o.CAFile != "":
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at with insecure_tls", Instead: "write one of them"}
	}
	cfg := &tls.Config{ServerName: ServerName(t.Address), InsecureSkipVerify: o.InsecureTLS, MinVersion: tls.VersionTLS12} // only if the check says so
	if !o.InsecureTLS {
		var err error
		if cfg, err = Verifying(c, t, o.Dir, o.CAFile); err != nil {
			return nil, err
		}
	}
	return cfg, o.into(c, o.Dir, cfg)
}

// ProofOptions are the part of a kind's options that says who the peer of a secured
// connection must be, if not the address's host, and how the client proves who it is.
type ProofOptions struct {
	ServerName     string `mapstructure:"server_name"`      // to ask for and to be certified, if not the address's host
	ClientCertFile string `mapstructure:"client_cert_file"` // PEM, or PKCS#12; read at each handshake that asks for it
	ClientKeyFile  string `mapstructure:"client_key_file"`  // PEM; may be empty where client_cert_file holds the key
	KeyOptions     `mapstructure:",squash"`
}

// option returns the key of one that is given; empty for none.
func (o ProofOptions) option() string {
	switch {
	case o.ServerName != "":
		return "server_name"
	case o.ClientCertFile != "":
		return "client_cert_file"
	case o.ClientKeyFile != "":
		return "client_key_file"
	case o.ClientKeyPassword != "":
		return "client_key_password"
	case o.ClientKeyPasswordFile != "":
		return "client_key_password_file"
	}
	return ""
}

// into writes what they say into a configuration of TLS.
func (o ProofOptions) into(c checks.Check, dir string, cfg *tls.Config) error {
	pair, err := NewClientPair(c, dir, o.ClientCertFile, o.ClientKeyFile, o.KeyOptions)
	if err != nil {
		return err
	}
	if pair != nil {
		cfg.GetClientCertificate = pair.Give
	}
	if err := GoodServerName(o.ServerName); err != nil {
		return err
	}
	if o.ServerName != "" {
		cfg.ServerName = ASCIIName(o.ServerName)
	}
	return nil
}

// OrLater are the options of a kind that may go over to TLS after the server
// has agreed to it.
func (o SecureOptions) OrLater(startTLS bool) SecureOptions {
	o.TLS = o.TLS || startTLS
	return o
}

// Connect dials and, with a configuration, negotiates TLS. The caller closes
// the connection.
func (tr *Trail) Connect(ctx context.Context, t Target, cfg *tls.Config) (net.Conn, error) {
	conn, err := tr.Dial(ctx, t)
	if err != nil || cfg == nil {
		return conn, err
	}
	defer Bind(ctx, conn)()
	secured, err := tr.Secure(conn, cfg)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}
