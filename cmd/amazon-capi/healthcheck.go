package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// newHealthcheckCommand is for container images without a shell or curl.
func newHealthcheckCommand(p *cli.Process) *cobra.Command {
	var url string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running process whether it is live or ready",
		Long: `Ask a running process for one of its health pages, and exit 0 if the answer is 200.
For container health checks: the image has no shell and no curl. A health check that
restarts a container must ask /livez, because no restart fixes what /readyz reports,
such as an unavailable broker or a revoked token.`,
		Example: "  amazon-capi healthcheck --url http://127.0.0.1:8080/livez",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.CheckURL("url", url); err != nil {
				return err
			}
			return healthcheck(cmd.Context(), p.Screen(), url, timeout)
		},
	}
	cmd.Flags().StringVar(&url, "url", "http://127.0.0.1:8080/livez", "page to ask for")
	cmd.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long to wait for the answer")
	return cmd
}

func healthcheck(ctx context.Context, out io.Writer, url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := web.NoRedirects(http.Client{}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(out, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
