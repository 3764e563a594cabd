package probe

import (
	"crypto/x509"
	"errors"
	"io"
	"os"
)

// fileMax is how much of a file that options name is read, in bytes: the whole
// of a system's certificates has a quarter of it.
const fileMax = 1 << 20

var (
	errNoFile   = errors.New("it is a folder, a pipe or a device; a file is read again and again")
	errLongFile = errors.New("it has more than 1 MiB")
)

// OpenFile opens a file that options name. What is none, such as a pipe into
// which nobody writes, is refused at once: a probe cannot wait for it.
func OpenFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNoFile
	}
	return os.Open(path)
}

// ReadFile reads a file that options name, without the byte order mark that
// editors put before a text.
func ReadFile(path string) ([]byte, error) {
	file, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fileMax+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > fileMax:
		return nil, errLongFile
	}
	return UTF8(text), nil
}

// addRoots adds the certificates of a file to roots.
func addRoots(roots *x509.CertPool, key, path string) error {
	const instead = "write the path of a file of certificates in PEM"
	text, err := ReadFile(path)
	if err != nil {
		return &OptionError{Key: key, Problem: "cannot be read: " + FileProblem(err), Instead: instead}
	}
	if !roots.AppendCertsFromPEM(text) {
		return &OptionError{Key: key, Problem: "has no certificate in it", Instead: instead}
	}
	return nil
}
