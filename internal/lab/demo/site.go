package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/shop"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Site is the demonstration's shop, with the rest of the web on another origin,
// and all that carries its events to Amazon.
type Site struct {
	ShopURL, ElsewhereURL string
	cluster               *sandbox.Cluster
	amazon                *shop.Amazon  // what arrived there
	kafka                 *shop.Backend // the shop's side of it

	ended   chan error
	closers []func() // called last to first
}

// StartSite starts everything. The shop and the rest of the web are this machine
// under two names, so that browsers take them for two sites.
func StartSite(ctx context.Context, listen string, log zerolog.Logger) (_ *Site, err error) {
	s := &Site{ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	host, _, err := net.SplitHostPort(listen)
	other := map[string]string{"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[host]
	if err != nil || other == "" {
		return nil, setting.Listen.Mistakef("%q: want 127.0.0.1:PORT or localhost:PORT, since without TLS browsers keep Secure cookies of this machine only", listen)
	}

	d := &demo{log: log}
	d.cluster, err = sandbox.StartCluster(ctx, sandbox.ClusterOptions{Topics: []string{topic, lettersTopic, receiptsTopic}, Partitions: 12, Amazon: d.amazonOptions()})
	if err != nil {
		return nil, err
	}
	s.cluster = d.cluster
	s.onClose(d.cluster.Close)
	s.amazon = shop.NewAmazon(d.cluster.Amazon(), d.cluster.Amazon().Accepted, time.Now)
	amazonURL, err := s.serve("127.0.0.1:0", "127.0.0.1", s.amazon)
	if err != nil {
		return nil, err
	}
	if s.kafka, err = s.backend(d.cluster); err != nil {
		return nil, err
	}
	if err := s.deliver(ctx, d, amazonURL, log); err != nil {
		return nil, err
	}
	if err := s.serveShop(listen, host, other, log); err != nil {
		return nil, err
	}
	return s, nil
}

// Wait waits until ctx ends; it fails if the pipeline ends before.
func (s *Site) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		s.ended <- err // Close waits for it
		return errors.Join(errors.New("the pipeline ended before the site did"), err)
	}
}

// backend is the shop's side of Kafka.
func (s *Site) backend(c *sandbox.Cluster) (*shop.Backend, error) {
	writer, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.Brokers()...)}, publish.ClientOpts...)...)
	if err != nil {
		return nil, err
	}
	s.onClose(writer.Close)
	registry, err := registry.New(registry.Options{URL: c.RegistryURL()})
	if err != nil {
		return nil, err
	}
	s.onClose(registry.Close)
	reader, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.ConsumeTopics(lettersTopic))
	if err != nil {
		return nil, err
	}
	b, err := shop.NewBackend(writer, reader, registry, topic)
	if err != nil {
		reader.Close()
		return nil, err
	}
	s.onClose(b.Close)
	return b, nil
}

// deliver runs the pipeline, as run does.
func (s *Site) deliver(ctx context.Context, d *demo, amazonURL string, log zerolog.Logger) error {
	config := d.config()
	config.AmazonURL = amazonURL
	pl, err := pipeline.New(config, log)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer crash.Report()
		s.ended <- pl.Run(ctx)
	}()
	s.onClose(func() {
		stop()
		<-s.ended
	})
	return nil
}

func (s *Site) serveShop(listen, host, other string, log zerolog.Logger) error {
	// Each of the two has to know where the other is before it can be made, so
	// both listen first.
	shopLn, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q (%s): %w", listen, setting.Listen, err)
	}
	elsewhereLn, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		shopLn.Close()
		return err
	}
	s.ShopURL, s.ElsewhereURL = urlOf(shopLn, host), urlOf(elsewhereLn, other)
	elsewhere, err := shop.NewElsewhere(s.ShopURL, time.Now)
	var front *shop.Shop
	if err == nil {
		front, err = shop.New(shop.Options{
			Elsewhere: s.ElsewhereURL, Paid: elsewhere.Paid, Publish: s.kafka.Publish, Log: log,
			Fate: func(id string) shop.Fate {
				f := s.amazon.Fate(id)
				f.Refused = s.kafka.Refused(id)
				return f
			},
		})
	}
	if err != nil {
		return errors.Join(err, shopLn.Close(), elsewhereLn.Close())
	}
	s.serveOn(shopLn, front.Handler())
	s.serveOn(elsewhereLn, elsewhere.Handler())
	return nil
}

func (s *Site) serve(addr, host string, h http.Handler) (url string, err error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	s.serveOn(ln, h)
	return urlOf(ln, host), nil
}

func (s *Site) serveOn(ln net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer crash.Report()
		defer close(done)
		_ = server.Serve(ln) // ends with ErrServerClosed, by close
	}()
	s.onClose(func() {
		_ = server.Close()
		<-done
	})
}

// urlOf is a listener's URL under one of this machine's names.
func urlOf(ln net.Listener, host string) string {
	return fmt.Sprintf("http://%s:%d", host, ln.Addr().(*net.TCPAddr).Port)
}

func (s *Site) onClose(f func()) { s.closers = append(s.closers, f) }

// Close stops everything, what was started last first.
func (s *Site) Close() {
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		s.closers[last]()
		s.closers = s.closers[:last]
	}
}
