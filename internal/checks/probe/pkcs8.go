package probe

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // what OpenSSL wrote before version 1.1
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the default of RFC 8018, as a part of HMAC
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
)

// roundsMax bounds what one file may cost: ten times what careful tools write, a
// few seconds.
const roundsMax = 10_000_000

var errKeyScheme = errors.New("its key is encrypted in a way that is not known here; openssl pkcs8 -topk8 -v2 aes256 makes one that is")

// openPKCS8 decrypts an encrypted private key (RFC 5958, 3) of the scheme that
// tools have been writing since 2000, PBES2 with PBKDF2 (RFC 8018, 6.2).
func openPKCS8(der []byte, password string) ([]byte, error) {
	var file struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	var scheme struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	var kdf struct {
		Salt   []byte
		Rounds int
		Length int                      `asn1:"optional"`
		PRF    pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(der, &file); err != nil {
		return nil, errors.New("its key is not one")
	}
	if !file.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}) || unmarshal(file.Algorithm, &scheme) != nil ||
		!scheme.KDF.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}) || unmarshal(scheme.KDF, &kdf) != nil {
		return nil, errKeyScheme
	}
	prf, known := prfs[kdf.PRF.Algorithm.String()]
	way, also := keyCiphers[scheme.Cipher.Algorithm.String()]
	var iv []byte
	if !known || !also || kdf.Rounds < 1 || kdf.Rounds > roundsMax || unmarshal(scheme.Cipher, &iv) != nil {
		return nil, errKeyScheme
	}
	key, err := pbkdf2.Key(prf, password, kdf.Salt, kdf.Rounds, way.size)
	if err != nil {
		return nil, errKeyScheme
	}
	block, err := way.make(key)
	if err != nil || len(iv) != block.BlockSize() || len(file.Data) == 0 || len(file.Data)%block.BlockSize() != 0 {
		return nil, errKeyScheme
	}
	plain := make([]byte, len(file.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, file.Data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > block.BlockSize() || !bytes.HasSuffix(plain, bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errWrongKey
	}
	if plain = plain[:len(plain)-pad]; len(plain) == 0 || plain[0] != 0x30 { // one wrong password in 256 gets this far
		return nil, errWrongKey
	}
	return plain, nil
}

func unmarshal(a pkix.AlgorithmIdentifier, into any) error {
	_, err := asn1.Unmarshal(a.Parameters.FullBytes, into)
	return err
}

// prfs are the hashes of PBKDF2 (RFC 8018, B.1.1, B.1.2).
var prfs = map[string]func() hash.Hash{
	"":                    sha1.New, // the default
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

// keyCiphers are those of PBES2 (RFC 8018, B.2), all in CBC.
var keyCiphers = map[string]struct {
	make func([]byte) (cipher.Block, error)
	size int // of the key, in bytes
}{
	"1.2.840.113549.3.7":      {des.NewTripleDESCipher, 24},
	"2.16.840.1.101.3.4.1.2":  {aes.NewCipher, 16},
	"2.16.840.1.101.3.4.1.22": {aes.NewCipher, 24},
	"2.16.840.1.101.3.4.1.42": {aes.NewCipher, 32},
}
