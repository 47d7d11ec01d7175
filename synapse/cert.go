package synapse

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// ServerName is the name in every neuron's certificate. Callers pin the key, not the name; but some clients (grpcio) check a
// name even for a certificate that they were told to trust.
const ServerName = "neuron.gotensor"

// NewCertificate makes a P-256 key and a self-signed certificate for it, valid for a century: the chain's listing of its key is
// what ends its life.
func NewCertificate(now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("generate certificate key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("generate certificate serial: %w", err)
	}
	tmpl := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: ServerName},
		DNSNames:              []string{ServerName},
		NotBefore:             now.Add(-24 * time.Hour), // callers' clocks may be behind
		NotAfter:              now.AddDate(100, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that clients without pinning can name it as their only root
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sign certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("parse own certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// LoadOrCreateCertificate reads the certificate and its key from the PEM file at path, or makes both and writes them there,
// readable by the owner only. It never overwrites a file: a neuron whose key changed would be unreachable until it serves anew.
func LoadOrCreateCertificate(path string, now time.Time) (tls.Certificate, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createCertificate(path, now)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(data, data)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%w: %s must hold a CERTIFICATE and its PRIVATE KEY in PEM (move it away to make a new one): %w",
			ErrCertificate, path, err)
	}
	return cert, nil
}

func createCertificate(path string, now time.Time) (tls.Certificate, error) {
	cert, err := NewCertificate(now)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("encode certificate key: %w", err)
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	data = append(data, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return tls.Certificate{}, fmt.Errorf("create certificate folder: %w", err)
	}
	if err := writeOnce(path, data); err != nil {
		return tls.Certificate{}, fmt.Errorf("write certificate: %w", err)
	}
	return cert, nil
}

// writeOnce writes a new file whole or not at all: a temporary file is linked to its final name, which fails if that exists.
func writeOnce(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".certificate-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Link(tmp.Name(), path)
	}
	return errors.Join(err, os.Remove(tmp.Name()))
}

// SPKIHash is the SHA-256 hash of the certificate's public key (its SubjectPublicKeyInfo in DER): what `serve` publishes on
// chain, what a dendrite pins, and what curl takes in base64 after `--pinnedpubkey sha256//`.
func SPKIHash(cert *tls.Certificate) ([32]byte, error) {
	if cert.Leaf != nil {
		return LeafHash(cert.Leaf), nil
	}
	if len(cert.Certificate) == 0 {
		return [32]byte{}, fmt.Errorf("%w: it holds no certificate", ErrCertificate)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return [32]byte{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return LeafHash(leaf), nil
}

// LeafHash is SPKIHash of a parsed certificate.
func LeafHash(leaf *x509.Certificate) [32]byte { return sha256.Sum256(leaf.RawSubjectPublicKeyInfo) }
