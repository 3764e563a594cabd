package checks

import (
	"context"
	"crypto/tls"
	"net"
)

// SecureOptions are the part of a kind's options that says whether and how its
// connection is secured.
type SecureOptions struct {
	TLS         bool   `mapstructure:"tls"`          // the connection begins with a TLS handshake
	CAFile      string `mapstructure:"ca_file"`      // authorities that count in place of the system's, PEM
	InsecureTLS bool   `mapstructure:"insecure_tls"` // accept any certificate
	Dir         string `mapstructure:"dir"`          // folder that the files are found from; default the folder of the file that defines the check
}

// config returns nil for plain text.
func (o SecureOptions) config(c Check, t target) (*tls.Config, error) {
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
		return &tls.Config{ServerName: serverName(t.address), InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, nil // only if the check says so
	}
	return verifying(c, t, o.Dir, o.CAFile)
}

// orLater are the options of a kind that may go over to TLS after the server
// has agreed to it.
func (o SecureOptions) orLater(startTLS bool) SecureOptions {
	o.TLS = o.TLS || startTLS
	return o
}

// connect dials and, with a configuration, negotiates TLS. The caller closes
// the connection.
func (tr *trail) connect(ctx context.Context, t target, cfg *tls.Config) (net.Conn, error) {
	conn, err := tr.dial(ctx, t)
	if err != nil || cfg == nil {
		return conn, err
	}
	defer bind(ctx, conn)()
	secured, err := tr.secure(conn, cfg)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}
