package config

import (
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/guard"
)

// Guard is what stops a storm of dead letters.
type Guard struct{ when string }

// Register adds the flags.
func (g *Guard) Register(flags *pflag.FlagSet, c *pipeline.Config) {
	flags.StringVar(&g.when, string(setting.Guard), "off", "hold a profile, or the whole stream, instead of writing more dead letters, when more than half of at least 500 events within five minutes are refused and less than a tenth were before: on, off, or other thresholds such as "+guard.Default().String())
	flags.StringVar(&c.ResumeFile, string(setting.GuardResume), "", "file that makes held profiles go on when it changes: their ids, one a line, or all; SIGUSR1 resumes all")
}

// Resolve sets what is guarded.
func (g *Guard) Resolve(c *pipeline.Config) (err error) {
	c.Guard, err = guard.Parse(g.when)
	return setting.Guard.Wrap(err)
}
