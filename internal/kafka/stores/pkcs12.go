package stores

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"software.sslmate.com/src/go-pkcs12"
)

// pkcs12Certificates returns what Java would trust in a store: its trusted certificates,
// or for a store with a key that key's chain.
func pkcs12Certificates(data []byte, password string) ([]*x509.Certificate, error) {
	certs, err := pkcs12.DecodeTrustStore(data, password)
	if err == nil {
		return certs, nil
	}
	if wrong := pkcs12Error(err, password); errors.As(wrong, new(*PasswordError)) {
		return nil, wrong
	}
	_, leaf, chain, err := pkcs12.DecodeChain(data, password)
	if err == nil {
		return append([]*x509.Certificate{leaf}, chain...), nil
	}
	if wrong := pkcs12Error(err, password); !errors.Is(wrong, errNoKey) {
		return nil, wrong
	}
	return nil, errors.New("no certificate in it is marked as trusted, which Java would not trust either: make the store with keytool -importcert, or give the certificate as PEM")
}

func pkcs12KeyPair(data []byte, p Passwords) (tls.Certificate, error) {
	password := p.Store
	if password == "" {
		password = p.Key // a PKCS12 store has one for both
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		return tls.Certificate{}, pkcs12Error(err, password)
	}
	return pair(key, append([]*x509.Certificate{leaf}, chain...))
}

func pkcs12Error(err error, password string) error {
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return &PasswordError{Missing: password == ""}
	case err.Error() == "pkcs12: private key missing":
		return errNoKey
	case err.Error() == "pkcs12: expected exactly one key bag":
		return errors.New("it holds several keys, and nothing says which of them is meant: want a store with one")
	}
	return errors.New("it is not a PKCS12 store that can be read")
}
