package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/screen"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Exit codes. Scripts and orchestrators use them to decide whether to try again: a wrong flag stays
// wrong.
const (
	exitOK     = 0 // done; a command that only looks found nothing to act on
	exitFailed = 1 // failed, or found something to act on: the message says what
	exitUsage  = 2 // wrong usage or configuration: trying again does not help; also after a panic, which the log reports

	exitInterrupted = 130 // a signal ended it before it was done: the message says how far it was
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// A second signal while draining ends the process at once, by Go's default.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, cli.Process{Name: os.Args[0], Args: os.Args[1:], Environ: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, StandardLog: health.TakeStandardLog()}))
}

func run(ctx context.Context, p cli.Process) int {
	defer crash.Report()
	root := newRoot(&p)
	root.SetArgs(p.Args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err = errors.Join(err, p.Close()); err == nil || errors.Is(err, screen.ErrLeft) {
		return exitOK
	}
	if _, mistake := errors.AsType[*setting.Mistake](err); ctx.Err() != nil && !mistake {
		p.Say("amazon-capi: " + p.Interrupted(ctx, cmd, err))
		return exitInterrupted
	}
	err = kafka.Explained(err)
	p.Say("amazon-capi: " + cli.Printable(err))
	if _, mistake := errors.AsType[*setting.Mistake](err); mistake {
		p.Say("See amazon-capi --help, or --help after a command.")
		return exitUsage
	}
	return exitFailed
}
