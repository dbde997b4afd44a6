// Command connect is Redpanda Connect with no more in it than pipeline.yaml
// needs, for make bench-compare. It is a module of its own, so that what it
// depends on is not what amazon-capi depends on. Nothing in it reports to its
// makers: that is in their own command, not in the components.
package main

import (
	"context"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure/extended"
	"github.com/redpanda-data/benthos/v4/public/service"
	_ "github.com/redpanda-data/connect/v4/public/components/confluent"
	_ "github.com/redpanda-data/connect/v4/public/components/kafka"
)

func main() { service.RunCLI(context.Background()) }
