package stores

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// MaxBytes is the maximum size of a store. The system's own roots take a quarter of it.
const MaxBytes = 4 << 20

// Passwords open a store and the key in it. An empty Key means the store's.
type Passwords struct{ Store, Key string }

// PasswordError is returned for a store or key that its password does not open.
type PasswordError struct {
	Key     bool // the password of the key, not of the store
	Missing bool // none was given
}

func (e *PasswordError) Error() string {
	what := "store"
	if e.Key {
		what = "key"
	}
	if e.Missing {
		return "the " + what + " needs a password"
	}
	return "the password does not open the " + what + ", unless the file is damaged"
}

// Format is a kind of file.
type Format string

// The kinds of files.
const (
	PEM    Format = "PEM"
	PKCS12 Format = "PKCS12"
	JKS    Format = "JKS"
)

// FormatOf recognises a file's format by its first bytes. Anything but a store is treated
// as PEM, whose parser reports what is wrong with it.
func FormatOf(data []byte) Format {
	switch {
	case bytes.HasPrefix(data, jksMagic[:]), bytes.HasPrefix(data, jceksMagic[:]):
		return JKS
	case len(data) > 2 && data[0] == 0x30 && data[1] >= 0x80:
		return PKCS12
	}
	return PEM
}

// Certificates returns the certificates to trust in a file.
func Certificates(data []byte, password string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	var err error
	switch FormatOf(data) {
	case JKS:
		certs, err = jksCertificates(data, password)
	case PKCS12:
		certs, err = pkcs12Certificates(data, password)
	default:
		if data, err = textfile.Clean(data); err == nil {
			certs, err = pemCertificates(data)
		}
	}
	if err == nil && len(certs) == 0 {
		err = fmt.Errorf("it holds no certificate (read as %s)", FormatOf(data))
	}
	return certs, err
}

// KeyPair returns the certificate chain and key of a client. key is nil if the first file
// holds both.
func KeyPair(cert, key []byte, p Passwords) (tls.Certificate, error) {
	if p.Key == "" {
		p.Key = p.Store
	}
	switch FormatOf(cert) {
	case JKS:
		return jksKeyPair(cert, p)
	case PKCS12:
		return pkcs12KeyPair(cert, p)
	}
	cert, err := textfile.Clean(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	if key == nil {
		key = cert
	} else if key, err = textfile.Clean(key); err != nil {
		return tls.Certificate{}, err
	}
	chain, err := pemCertificates(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	if len(chain) == 0 {
		return tls.Certificate{}, errors.New("there is no certificate in it, want PEM, PKCS12 or JKS")
	}
	private, err := pemKey(key, p.Key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return pair(private, chain)
}

var (
	errNotAPair = errors.New("no certificate in it belongs to the key")
	errNoKey    = errors.New("there is no private key in it")
)

// pair puts the certificate of a key first, which not every program does, and those of
// its issuers after it.
func pair(private any, chain []*x509.Certificate) (tls.Certificate, error) {
	signer, ok := private.(crypto.Signer)
	if !ok {
		return tls.Certificate{}, errors.New("the key is of a kind that TLS does not use, want RSA, ECDSA or Ed25519")
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return tls.Certificate{}, errors.New("the key is of a kind that TLS does not use, want RSA, ECDSA or Ed25519")
	}
	own := tls.Certificate{PrivateKey: signer}
	for _, c := range chain {
		if own.Leaf == nil && public.Equal(c.PublicKey) {
			own.Leaf = c
			own.Certificate = append([][]byte{c.Raw}, own.Certificate...)
			continue
		}
		own.Certificate = append(own.Certificate, c.Raw)
	}
	if own.Leaf == nil {
		return tls.Certificate{}, errNotAPair
	}
	return own, nil
}
