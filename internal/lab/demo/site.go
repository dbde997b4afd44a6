//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/shop"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// siteFlags are those of demo --site.
type siteFlags struct {
	on     bool
	listen string
}

func (f *siteFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "site", false, "serve a shop to click through instead, until interrupted; see capture/README.md")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8088", "address of the shop, on this machine")
}

// run serves the shop until ctx ends.
func (f *siteFlags) run(ctx context.Context, p *process, log zerolog.Logger) error {
	s, err := startSite(ctx, f.listen, log)
	if err != nil {
		return err
	}
	defer s.close()
	fmt.Fprintf(p.stdout, "A page with an ad for the shop: %s\nThe shop itself:                %s\nIn Chromium or Firefox; stop with Ctrl-C.\n", s.elsewhereURL, s.shopURL)
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		s.ended <- err // close waits for it
		return errors.Join(errors.New("the pipeline ended before the site did"), err)
	}
}

// site is the demonstration's shop, with the rest of the web on another origin,
// and all that carries its events to Amazon.
type site struct {
	shopURL, elsewhereURL string
	amazon                *shop.Amazon  // what arrived there
	kafka                 *shop.Backend // the shop's side of it

	ended   chan error
	closers []func() // called last to first
}

// startSite starts everything. The shop and the rest of the web are this machine
// under two names, so that browsers take them for two sites.
func startSite(ctx context.Context, listen string, log zerolog.Logger) (_ *site, err error) {
	s := &site{ended: make(chan error, 1)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	host, _, err := net.SplitHostPort(listen)
	other := map[string]string{"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[host]
	if err != nil || other == "" {
		return nil, usagef("--listen: %q: want 127.0.0.1:PORT or localhost:PORT, since without TLS browsers keep Secure cookies of this machine only", listen)
	}

	d := &demo{log: log}
	d.cluster, err = sandbox.StartCluster(ctx, sandbox.ClusterOptions{Topics: []string{demoTopic, demoLetters}, Partitions: 12, Amazon: demoAmazon()})
	if err != nil {
		return nil, err
	}
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

// backend is the shop's side of Kafka.
func (s *site) backend(c *sandbox.Cluster) (*shop.Backend, error) {
	writer, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.Brokers()...)}, publishOpts...)...)
	if err != nil {
		return nil, err
	}
	s.onClose(writer.Close)
	registry, err := registry.New(registry.Options{URL: c.RegistryURL()})
	if err != nil {
		return nil, err
	}
	s.onClose(registry.Close)
	reader, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.ConsumeTopics(demoLetters))
	if err != nil {
		return nil, err
	}
	b, err := shop.NewBackend(writer, reader, registry, demoTopic)
	if err != nil {
		reader.Close()
		return nil, err
	}
	s.onClose(b.Close)
	return b, nil
}

// deliver runs the pipeline, as run does.
func (s *site) deliver(ctx context.Context, d *demo, amazonURL string, log zerolog.Logger) error {
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

func (s *site) serveShop(listen, host, other string, log zerolog.Logger) error {
	// Each of the two has to know where the other is before it can be made, so
	// both listen first.
	shopLn, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q (--listen): %w", listen, err)
	}
	elsewhereLn, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		shopLn.Close()
		return err
	}
	s.shopURL, s.elsewhereURL = urlOf(shopLn, host), urlOf(elsewhereLn, other)
	elsewhere, err := shop.NewElsewhere(s.shopURL, time.Now)
	var front *shop.Shop
	if err == nil {
		front, err = shop.New(shop.Options{
			Elsewhere: s.elsewhereURL, Paid: elsewhere.Paid, Publish: s.kafka.Publish, Log: log,
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

func (s *site) serve(addr, host string, h http.Handler) (url string, err error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	s.serveOn(ln, h)
	return urlOf(ln, host), nil
}

func (s *site) serveOn(ln net.Listener, h http.Handler) {
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

func (s *site) onClose(f func()) { s.closers = append(s.closers, f) }

// close stops everything, what was started last first.
func (s *site) close() {
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		s.closers[last]()
		s.closers = s.closers[:last]
	}
}
