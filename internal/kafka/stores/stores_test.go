package stores

import (
	"bytes"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const storePass, keyPass = "store-pass", "key-pass"

// TestCertificates: what keytool and OpenSSL write is trusted as Java trusts it.
func TestCertificates(t *testing.T) {
	want, err := pemCertificates(file(t, "cert.pem"))
	if err != nil || len(want) != 1 {
		t.Fatal(err)
	}
	marked := append([]byte("\ufeff"), file(t, "cert.pem")...)
	for name, tc := range map[string]struct {
		data     []byte
		password string
	}{
		"PEM":                      {file(t, "cert.pem"), ""},
		"PEM behind a mark":        {marked, ""},
		"PEM with other things":    {file(t, "both.pem"), ""},
		"JKS":                      {file(t, "trust.jks"), storePass},
		"JKS without its password": {file(t, "trust.jks"), ""},
		"PKCS12":                   {file(t, "trust.p12"), storePass},
		"PKCS12 with a key":        {file(t, "key.p12"), storePass},
	} {
		certs, err := Certificates(tc.data, tc.password)
		if err != nil || len(certs) != 1 || !certs[0].Equal(want[0]) {
			t.Errorf("%s: %d certificates, %v; want the one", name, len(certs), err)
		}
	}
	if certs, err := Certificates(file(t, "key.jks"), ""); err != nil || len(certs) != 1 {
		t.Errorf("a JKS store with a key: %d, %v", len(certs), err)
	}
}

func TestCertificatesThatAreNone(t *testing.T) {
	jks := file(t, "trust.jks")
	for name, tc := range map[string]struct {
		data     []byte
		password string
		want     string
	}{
		"JKS, wrong password":           {jks, "wrong", "does not open the store"},
		"PKCS12, wrong password":        {file(t, "trust.p12"), "wrong", "does not open the store"},
		"PKCS12, no password":           {file(t, "trust.p12"), "", "needs a password"},
		"PKCS12, nothing trusted":       {file(t, "untrusted.p12"), storePass, "marked as trusted"},
		"JKS, cut off":                  {jks[:len(jks)/2], "", "damaged"},
		"JKS, a length of 4 GiB":        {append(slices.Clone(jks[:12]), append([]byte{0, 0, 0, 1, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, jks[len(jks)-20:]...)...), "", "damaged"},
		"JKS, 4 billion entries":        {append([]byte{0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff}, jks[len(jks)-20:]...), "", "damaged"},
		"JCEKS":                         {file(t, "jceks.jks"), storePass, "JCEKS"},
		"DER that is not a store":       {[]byte{0x30, 0x82, 1, 0, 5, 5}, "", "PKCS12"},
		"nothing":                       {nil, "", "no certificate"},
		"text":                          {[]byte("hello"), "", "no certificate"},
		"PEM that is not a certificate": {[]byte("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"), "", "cannot be read"},
		"PEM in UTF-16":                 {[]byte("\xff\xfe-\x00-\x00"), "", "UTF-16"},
	} {
		certs, err := Certificates(tc.data, tc.password)
		if err == nil || !strings.Contains(err.Error(), tc.want) || len(certs) != 0 {
			t.Errorf("%s: %d certificates, %v; want %q", name, len(certs), err, tc.want)
		}
	}
}

func TestKeyPair(t *testing.T) {
	cert := file(t, "cert.pem")
	store, both := Passwords{Store: storePass}, Passwords{Store: storePass, Key: keyPass}
	for name, tc := range map[string]struct {
		cert, key []byte
		p         Passwords
	}{
		"JKS, two passwords":       {file(t, "key.jks"), nil, both},
		"PKCS12":                   {file(t, "key.p12"), nil, store},
		"PKCS12, by the key's":     {file(t, "key.p12"), nil, Passwords{Key: storePass}},
		"PEM, PKCS#8":              {cert, file(t, "plain.pem"), Passwords{}},
		"PEM, a password too many": {cert, file(t, "plain.pem"), both},
		"PEM, PKCS#1":              {cert, file(t, "pkcs1.pem"), Passwords{}},
		"PEM, PBES2":               {cert, file(t, "pbes2.pem"), both},
		"PEM, scrypt":              {cert, file(t, "scrypt.pem"), both},
		"PEM, traditional":         {cert, file(t, "traditional.pem"), both},
		"PEM, both in one":         {file(t, "both.pem"), nil, both},
		"PEM, on one line": {
			[]byte(strings.ReplaceAll(string(cert), "\n", " ")), []byte(strings.ReplaceAll(string(file(t, "pbes2.pem")), "\n", "")), both,
		},
	} {
		got, err := KeyPair(tc.cert, tc.key, tc.p)
		if err != nil || got.Leaf == nil || got.Leaf.Subject.CommonName != "client" || len(got.Certificate) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	other, err := KeyPair(file(t, "key.jks"), nil, both)
	if err != nil {
		t.Fatal(err)
	}
	chain, _ := pemCertificates(cert)
	key, _ := pemKey(file(t, "plain.pem"), "")
	if got, err := pair(key, []*x509.Certificate{other.Leaf, chain[0]}); err != nil || !got.Leaf.Equal(chain[0]) || string(got.Certificate[0]) != string(chain[0].Raw) {
		t.Errorf("a chain that begins with another's: %v, want the key's own first", err)
	}
}

func TestKeyPairsThatAreNone(t *testing.T) {
	cert := file(t, "cert.pem")
	for name, tc := range map[string]struct {
		cert, key []byte
		p         Passwords
		want      PasswordError
		text      string
	}{
		"JKS, no password":              {file(t, "key.jks"), nil, Passwords{}, PasswordError{Missing: true}, ""},
		"JKS, wrong password":           {file(t, "key.jks"), nil, Passwords{Store: "wrong"}, PasswordError{}, ""},
		"JKS, another key password":     {file(t, "key.jks"), nil, Passwords{Store: storePass}, PasswordError{Key: true}, ""},
		"PKCS12, no password":           {file(t, "key.p12"), nil, Passwords{}, PasswordError{Missing: true}, ""},
		"PKCS12, wrong password":        {file(t, "key.p12"), nil, Passwords{Store: "wrong"}, PasswordError{}, ""},
		"PEM, PBES2, no password":       {cert, file(t, "pbes2.pem"), Passwords{}, PasswordError{Key: true, Missing: true}, ""},
		"PEM, PBES2, wrong password":    {cert, file(t, "pbes2.pem"), Passwords{Key: "wrong"}, PasswordError{Key: true}, ""},
		"PEM, scrypt, wrong password":   {cert, file(t, "scrypt.pem"), Passwords{Key: "wrong"}, PasswordError{Key: true}, ""},
		"PEM, traditional, no password": {cert, file(t, "traditional.pem"), Passwords{}, PasswordError{Key: true, Missing: true}, ""},
		"PEM, PBES1":                    {cert, file(t, "pbes1.pem"), Passwords{Key: keyPass}, PasswordError{}, "PBES2"},
		"PEM, no key":                   {cert, nil, Passwords{}, PasswordError{}, "no private key"},
		"PEM, no certificate":           {file(t, "plain.pem"), nil, Passwords{}, PasswordError{}, "no certificate"},
		"a store without a key":         {file(t, "trust.jks"), nil, Passwords{Store: storePass}, PasswordError{}, "no private key"},
		"a PKCS12 without a key":        {file(t, "untrusted.p12"), nil, Passwords{Store: storePass}, PasswordError{}, "no private key"},
	} {
		_, err := KeyPair(tc.cert, tc.key, tc.p)
		var wrong *PasswordError
		switch {
		case err == nil:
			t.Errorf("%s: taken", name)
		case tc.text != "" && !strings.Contains(err.Error(), tc.text):
			t.Errorf("%s: %v, want %q", name, err, tc.text)
		case tc.text == "" && (!errors.As(err, &wrong) || *wrong != tc.want):
			t.Errorf("%s: %v, want %v", name, err, &tc.want)
		}
	}
	other := file(t, "key.jks")
	pairOf, _ := KeyPair(other, nil, Passwords{storePass, keyPass})
	chain, _ := pemCertificates(cert)
	if _, err := pair(pairOf.PrivateKey, chain); !errors.Is(err, errNotAPair) {
		t.Errorf("a key with another's certificate: %v", err)
	}
}

// FuzzStores: whatever a file holds, it is read or refused, in memory of its size.
func FuzzStores(f *testing.F) {
	for _, name := range []string{"key.jks", "trust.jks", "key.p12", "trust.p12", "both.pem", "traditional.pem"} {
		f.Add(file(f, name), storePass)
		f.Add(file(f, name), "")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		if FormatOf(data) == PKCS12 || bytes.Contains(data, []byte("ENCRYPTED")) {
			return // deriving a key is slow on purpose, and how slow is the file's to choose
		}
		if certs, err := Certificates(data, password); err == nil && len(certs) == 0 {
			t.Error("no certificate and no error")
		}
		if pair, err := KeyPair(data, nil, Passwords{Store: password}); err == nil && (pair.Leaf == nil || pair.PrivateKey == nil) {
			t.Error("half a pair and no error")
		}
	})
}
