package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// TLSSettings says whether and how connections are encrypted.
type TLSSettings struct {
	Enabled bool
	// CAFile holds the certificates to trust, PEM; the system's when empty.
	CAFile string
	// CertFile and KeyFile are the client's own certificate, PEM.
	CertFile, KeyFile string
}

// Config returns the TLS configuration, or nil when TLS is off. Naming a file
// turns TLS on: nobody names a CA to talk in the clear.
func (s *TLSSettings) Config() (*tls.Config, error) {
	if !s.Enabled && s.CAFile == "" && s.CertFile == "" && s.KeyFile == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		pem, err := readable(setting.TLSCA, s.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s holds no certificate in PEM", setting.TLSCA, s.CAFile)
		}
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		return nil, fmt.Errorf("%s and %s go together: one of them is missing", setting.TLSCert, setting.TLSKey)
	}
	if s.CertFile != "" {
		cert, err := keyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %s", setting.TLSCert, setting.TLSKey, redact.Parser(err))
		}
		// Certificates are renewed where they are: each connection reads the files
		// again, and goes on with the last pair if they do not fit, as while they
		// are being replaced.
		var last atomic.Pointer[tls.Certificate]
		last.Store(&cert)
		certFile, keyFile := s.CertFile, s.KeyFile
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if cert, err := keyPair(certFile, keyFile); err == nil {
				last.Store(&cert)
			}
			return last.Load(), nil
		}
	}
	return config, nil
}

// keyPair is tls.LoadX509KeyPair for files that may begin with a byte order mark,
// behind which the standard library finds no PEM.
func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := textfile.Read(certFile)
	if err != nil {
		return tls.Certificate{}, redact.File(err)
	}
	key, err := textfile.Read(keyFile)
	if err != nil {
		return tls.Certificate{}, redact.File(err)
	}
	return tls.X509KeyPair(cert, key)
}
