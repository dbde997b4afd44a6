package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// ClusterOptions say what a Cluster has. The zero value is a broker without
// topics, an empty registry and a healthy Amazon.
type ClusterOptions struct {
	// Topics are created, each with Partitions; 3 unless set.
	Topics     []string
	Partitions int
	// MaxMessageBytes is the largest batch the broker takes; 16 MiB unless
	// set, so that records larger than a real broker's default can be tried.
	MaxMessageBytes int
	// BrokerConfigs are settings of the broker by Kafka's names.
	BrokerConfigs map[string]string

	Amazon Options
}

// Cluster is all that amazon-capi talks to, on ports of the loopback interface
// that the system chose, and gone without trace after Close.
type Cluster struct {
	broker   *kfake.Cluster
	registry *srfake.Registry
	amazon   *Amazon

	registryServer         *server
	registryURL, amazonURL string
}

// StartCluster starts a cluster. It writes nothing to stdout or stderr; ctx
// bounds the start only.
func StartCluster(ctx context.Context, o ClusterOptions) (_ *Cluster, err error) {
	c := &Cluster{}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if c.amazon, err = NewAmazon(o.Amazon); err != nil {
		return nil, err
	}
	if c.amazonURL, err = c.amazon.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	// Not srfake.New: that serves by httptest, which panics where it cannot
	// listen and, unlike our server, lets no test take the registry away.
	c.registry = srfake.NewRegistry()
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sandbox registry: %w", err)
	}
	c.registryServer = serve(ln, c.registry.Handler())
	c.registryURL = baseURL(ln.Addr())

	if c.broker, err = startBroker(o); err != nil {
		return nil, fmt.Errorf("sandbox broker: %w", err)
	}
	return c, nil
}

func startBroker(o ClusterOptions) (*kfake.Cluster, error) {
	o.Partitions = cmp.Or(o.Partitions, 3)
	o.MaxMessageBytes = cmp.Or(o.MaxMessageBytes, 16<<20)
	if o.Partitions < 0 {
		return nil, fmt.Errorf("the number of partitions is %d: want 1 or more", o.Partitions)
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(o.MaxMessageBytes)}),
		kfake.BrokerConfigs(o.BrokerConfigs),
		kfake.WithLogger(silent{}),
	}
	if slices.Contains(o.Topics, "") {
		return nil, errors.New("a topic has no name")
	}
	if len(o.Topics) > 0 {
		opts = append(opts, kfake.SeedTopics(int32(o.Partitions), o.Topics...))
	}
	return kfake.NewCluster(opts...)
}

// silent keeps the broker's logs off the demo's table.
type silent struct{}

func (silent) Logf(kfake.LogLevel, string, ...any) {}

// Close stops everything and frees the ports.
func (c *Cluster) Close() {
	if c.broker != nil {
		c.broker.Close()
	}
	if c.registryServer != nil {
		c.registryServer.close()
	}
	if c.amazon != nil {
		c.amazon.Close()
	}
}

// Brokers returns the broker's address, for --brokers.
func (c *Cluster) Brokers() []string { return c.broker.ListenAddrs() }

// RegistryURL is for --registry.
func (c *Cluster) RegistryURL() string { return c.registryURL }

// AmazonURL is for --amazon-url.
func (c *Cluster) AmazonURL() string { return c.amazonURL }

// TokenURL is for --token-url.
func (c *Cluster) TokenURL() string { return c.amazonURL + TokenPath }

// Amazon gives access to what the sandbox Amazon was sent, and to its faults.
func (c *Cluster) Amazon() *Amazon { return c.amazon }

// Broker gives tests access to kfake's hooks.
func (c *Cluster) Broker() *kfake.Cluster { return c.broker }

// Registry gives tests access to srfake's hooks: an Interceptor makes a
// registry that is down, slow or something else.
func (c *Cluster) Registry() *srfake.Registry { return c.registry }
