package cli

import (
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// SessionWarning is for --session-timeout beside the consumer protocol.
const SessionWarning = "warning: --session-timeout has no effect with --group-protocol consumer: the brokers' group.consumer.session.timeout.ms decides (45s unless it is set)"

// ProtocolFlag is the protocol of the group that a command joins.
type ProtocolFlag struct{ text string }

// Register adds the flags.
func (f *ProtocolFlag) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.text, string(setting.GroupProtocol), consumer.ProtocolClassic.String(), "who assigns partitions: classic (a member) or consumer (the brokers; KIP-848, Kafka 4.0 and later)")
}

// Resolve returns what the flags name.
func (f *ProtocolFlag) Resolve() (consumer.Protocol, error) {
	p, err := consumer.ParseProtocol(f.text)
	return p, setting.GroupProtocol.Wrap(err)
}
