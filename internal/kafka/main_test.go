package kafka

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// However few cores: brokers that refuse or are away are waited for.
	_ = flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}
