package main

import (
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// sessionWarning is for --session-timeout beside the consumer protocol.
const sessionWarning = "warning: --session-timeout has no effect with --group-protocol consumer: the brokers' group.consumer.session.timeout.ms decides (45s unless it is set)"

// protocolFlag is the protocol of the group that a command joins.
type protocolFlag struct{ text string }

func (f *protocolFlag) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.text, string(setting.GroupProtocol), consumer.ProtocolClassic.String(), "who assigns partitions: classic (a member) or consumer (the brokers; KIP-848, Kafka 4.0 and later)")
}

func (f *protocolFlag) resolve() (consumer.Protocol, error) {
	p, err := consumer.ParseProtocol(f.text)
	return p, setting.GroupProtocol.Wrap(err)
}
