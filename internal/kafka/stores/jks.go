package stores

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"unicode/utf16"
)

// JKS is Java's own store of before PKCS12. All numbers are big-endian:
//
//	magic, version (1 or 2), number of entries
//	key:         1, alias, time, encrypted PKCS#8, number of certificates, certificates
//	certificate: 2, alias, time, certificate
//	SHA-1 of the password, a phrase and all of the above
//
// A certificate is a type (since version 2) and DER. Java does not check the digest of a
// truststore if no password is given, and neither does this.
var (
	jksMagic   = [4]byte{0xfe, 0xed, 0xfe, 0xed}
	jceksMagic = [4]byte{0xce, 0xce, 0xce, 0xce}
)

var errJKS = errors.New("it is a JKS store that is damaged or cut off")

type jks struct {
	trusted []*x509.Certificate
	keys    []jksKey
}

type jksKey struct {
	encrypted []byte
	chain     []*x509.Certificate
}

type jksReader struct {
	rest []byte
	bad  bool
}

func (r *jksReader) next(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *jksReader) u32() uint32 {
	if b := r.next(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *jksReader) text() string {
	b := r.next(2)
	if b == nil {
		return ""
	}
	return string(r.next(uint64(binary.BigEndian.Uint16(b))))
}

func (r *jksReader) certificate(version uint32) *x509.Certificate {
	if version == 2 {
		r.text() // "X.509"
	}
	c, err := x509.ParseCertificate(r.next(uint64(r.u32())))
	if err != nil {
		r.bad = true
	}
	return c
}

// readJKS reads a store; the password may be empty for a truststore.
func readJKS(data []byte, password string) (*jks, error) {
	if bytes.HasPrefix(data, jceksMagic[:]) {
		return nil, errors.New("it is a JCEKS store, want PKCS12, JKS or PEM: keytool -importkeystore -deststoretype PKCS12")
	}
	if len(data) < 12+sha1.Size {
		return nil, errJKS
	}
	body, sum := data[:len(data)-sha1.Size], data[len(data)-sha1.Size:]
	if password != "" {
		h := sha1.New()
		h.Write(utf16Of(password))
		h.Write([]byte("Mighty Aphrodite"))
		h.Write(body)
		if subtle.ConstantTimeCompare(h.Sum(nil), sum) == 0 {
			return nil, &PasswordError{}
		}
	}
	r := &jksReader{rest: body[4:]}
	version, entries := r.u32(), r.u32()
	if version != 1 && version != 2 {
		return nil, errJKS
	}
	var s jks
	for range entries {
		tag := r.u32()
		r.text()  // alias
		r.next(8) // time
		switch tag {
		case 1:
			key := jksKey{encrypted: r.next(uint64(r.u32()))}
			for n := r.u32(); n > 0 && !r.bad; n-- {
				key.chain = append(key.chain, r.certificate(version))
			}
			s.keys = append(s.keys, key)
		case 2:
			s.trusted = append(s.trusted, r.certificate(version))
		default:
			r.bad = true
		}
		if r.bad {
			return nil, errJKS
		}
	}
	return &s, nil
}

func jksCertificates(data []byte, password string) ([]*x509.Certificate, error) {
	s, err := readJKS(data, password)
	if err != nil {
		return nil, err
	}
	certs := s.trusted
	for _, k := range s.keys {
		certs = append(certs, k.chain...)
	}
	return certs, nil
}

func jksKeyPair(data []byte, p Passwords) (tls.Certificate, error) {
	s, err := readJKS(data, p.Store)
	switch {
	case err != nil:
		return tls.Certificate{}, err
	case len(s.keys) == 0:
		return tls.Certificate{}, errNoKey
	case len(s.keys) > 1:
		return tls.Certificate{}, errors.New("it holds several keys, and nothing says which of them is meant: want a store with one")
	case p.Key == "":
		return tls.Certificate{}, &PasswordError{Missing: true}
	}
	der, err := openJKSKey(s.keys[0].encrypted, p.Key)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := plainKey(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	return pair(key, s.keys[0].chain)
}

// openJKSKey removes Java's own protection of keys: a stream of SHA-1 digests, each of
// the password and the previous digest, that begins with a salt; it is followed by the
// SHA-1 of password and key.
func openJKSKey(encrypted []byte, password string) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if _, err := asn1.Unmarshal(encrypted, &info); err != nil || len(info.Data) < 2*sha1.Size {
		return nil, errJKS
	}
	salt, cipher, sum := info.Data[:sha1.Size], info.Data[sha1.Size:len(info.Data)-sha1.Size], info.Data[len(info.Data)-sha1.Size:]
	secret := utf16Of(password)
	plain := make([]byte, len(cipher))
	for at := 0; at < len(cipher); at += sha1.Size {
		next := sha1.Sum(append(bytes.Clone(secret), salt...))
		salt = next[:]
		subtle.XORBytes(plain[at:], cipher[at:], salt)
	}
	check := sha1.Sum(append(bytes.Clone(secret), plain...))
	if subtle.ConstantTimeCompare(check[:], sum) == 0 {
		return nil, &PasswordError{Key: true}
	}
	return plain, nil
}

// utf16Of returns a password in the form that Java hashes.
func utf16Of(password string) (b []byte) {
	for _, u := range utf16.Encode([]rune(password)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}
