package stores

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"regexp"
	"strings"

	"github.com/youmark/pkcs8"
)

// IsPEM reports whether a setting is PEM itself and not the name of a file.
func IsPEM(value string) bool { return strings.Contains(value, "-----BEGIN ") }

var (
	pemText  = regexp.MustCompile(`-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END ([A-Z0-9 ]+)-----`)
	anySpace = regexp.MustCompile(`\s+`)
)

// Lines restores the lines of PEM. In a properties file, or a variable, they are often
// joined by spaces or nothing, which Java accepts.
func Lines(text []byte) []byte {
	return pemText.ReplaceAllFunc(text, func(block []byte) []byte {
		m := pemText.FindSubmatch(block)
		if bytes.ContainsRune(m[2], ':') { // headers, which need the lines that they have
			return block
		}
		var b bytes.Buffer
		b.WriteString("-----BEGIN " + string(m[1]) + "-----\n")
		const width = 64
		for body := anySpace.ReplaceAll(m[2], nil); len(body) > 0; {
			n := min(width, len(body))
			b.Write(body[:n])
			b.WriteByte('\n')
			body = body[n:]
		}
		b.WriteString("-----END " + string(m[3]) + "-----\n")
		return b.Bytes()
	})
}

func blocks(text []byte) (all []*pem.Block) {
	for rest := Lines(text); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			return all
		}
		all = append(all, b)
	}
}

func pemCertificates(text []byte) (certs []*x509.Certificate, err error) {
	for _, b := range blocks(text) {
		if b.Type != "CERTIFICATE" && b.Type != "TRUSTED CERTIFICATE" && b.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, errors.New("a certificate in it cannot be read")
		}
		certs = append(certs, c)
	}
	return certs, nil
}

// pemKey returns the first private key of the text.
func pemKey(text []byte, password string) (any, error) {
	for _, b := range blocks(text) {
		switch {
		case !strings.HasSuffix(b.Type, "PRIVATE KEY"):
			continue
		case b.Type == "ENCRYPTED PRIVATE KEY":
			return openPKCS8(b.Bytes, password)
		//lint:ignore SA1019 keys that OpenSSL encrypted this way are in use; reading them reveals nothing
		case x509.IsEncryptedPEMBlock(b):
			if password == "" {
				return nil, &PasswordError{Key: true, Missing: true}
			}
			//lint:ignore SA1019 as above
			der, err := x509.DecryptPEMBlock(b, []byte(password))
			if err != nil {
				return nil, &PasswordError{Key: true}
			}
			return plainKey(der)
		}
		return plainKey(b.Bytes)
	}
	return nil, errNoKey
}

// plainKey parses a key in any of PEM's forms.
func plainKey(der []byte) (any, error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return nil, errors.New("the private key in it cannot be read")
}

// openPKCS8 decrypts an encrypted PKCS#8 key.
func openPKCS8(der []byte, password string) (key any, err error) {
	if password == "" {
		return nil, &PasswordError{Key: true, Missing: true}
	}
	key, _, err = pkcs8.ParsePrivateKey(der, []byte(password))
	switch {
	case err == nil:
		return key, nil
	case strings.Contains(err.Error(), "only PBES2"), strings.Contains(err.Error(), "only PKCS #5"),
		strings.Contains(err.Error(), "unsupported"):
		return nil, errors.New("its key is encrypted in a way that is not supported, want PBES2: openssl pkcs8 -topk8 -v2 aes256")
	}
	return nil, &PasswordError{Key: true}
}
