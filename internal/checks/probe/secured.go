package probe

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/statusbot/statusbot/internal/checks"
)

// SecureOptions are the part of a kind's options that says whether and how its
// connection is secured.
type SecureOptions struct {
	TLS         bool   `mapstructure:"tls"`          // the connection begins with a TLS handshake
	CAFile      string `mapstructure:"ca_file"`      // authorities that count in place of the system's, PEM
	InsecureTLS bool   `mapstructure:"insecure_tls"` // accept any certificate
	Dir         string `mapstructure:"dir"`          // folder that the files are found from; default the folder of the file that defines the check
}

// Config returns nil for plain text.
func (o SecureOptions) Config(c checks.Check, t Target) (*tls.Config, error) {
	switch {
	case !o.TLS && o.CAFile != "":
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at without TLS", Instead: "write tls: true"}
	case !o.TLS && o.InsecureTLS:
		return nil, &OptionError{Key: "insecure_tls", Problem: "is not looked at without TLS", Instead: "write tls: true"}
	case !o.TLS:
		return nil, nil
	case o.InsecureTLS && o.CAFile != "":
		return nil, &OptionError{Key: "ca_file", Problem: "is not looked at with insecure_tls", Instead: "write one of them"}
	case o.InsecureTLS:
		return &tls.Config{ServerName: ServerName(t.Address), InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil // only if the check says so
	}
	return Verifying(c, t, o.Dir, o.CAFile)
}

// CallerOptions are SecureOptions of a kind whose clients may have to prove who
// they are.
type CallerOptions struct {
	SecureOptions  `mapstructure:",squash"`
	ServerName     string `mapstructure:"server_name"`      // to ask for and to be certified, if not the address's host
	ClientCertFile string `mapstructure:"client_cert_file"` // PEM, or PKCS#12; read at each handshake that asks for it
	ClientKeyFile  string `mapstructure:"client_key_file"`  // PEM; may be empty where client_cert_file holds the key
	KeyOptions     `mapstructure:",squash"`
}

// Config returns nil for plain text.
func (o CallerOptions) Config(c checks.Check, t Target) (*tls.Config, error) {
	const instead = "write tls: true"
	cfg, err := o.SecureOptions.Config(c, t)
	switch {
	case err != nil:
		return nil, err
	case cfg == nil && o.ServerName != "":
		return nil, &OptionError{Key: "server_name", Problem: "is not looked at without TLS", Instead: instead}
	case cfg == nil && o.ClientCertFile != "":
		return nil, &OptionError{Key: "client_cert_file", Problem: "is not looked at without TLS", Instead: instead}
	}
	pair, err := NewClientPair(c, o.Dir, o.ClientCertFile, o.ClientKeyFile, o.KeyOptions)
	if err != nil || cfg == nil {
		return nil, err
	}
	if pair != nil {
		cfg.GetClientCertificate = pair.Give
	}
	if err := GoodServerName(o.ServerName); err != nil {
		return nil, err
	}
	if o.ServerName != "" {
		cfg.ServerName = ASCIIName(o.ServerName)
	}
	return cfg, nil
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
