package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

const sandboxLong = `Serve a sandbox Amazon: Login with Amazon's token endpoint, the events endpoints of
both contracts, and the list of accounts, as strict as the real ones. It delivers
nothing anywhere.

Event ids that contain sandbox-400, sandbox-404, sandbox-409, sandbox-413 or
sandbox-422 are refused with that status, or, where the contract has no such
status, item by item; profile ` + sandbox.ForbiddenProfile + ` is answered 403.

--fault makes it fail: an action, then settings. The actions are delay,
status, refuse, reset, hang, html, garbage, deny, throttle, expire, items and
omit; the settings at (events, token or accounts), profile, status, code, retry_after,
latency, jitter, rate, share, chance, count and for. While it runs,
/sandbox/faults shows and changes them, and /sandbox/stats and /sandbox/events
show what it was sent.`

type sandboxFlags struct {
	log                        cli.LogFlags
	listen                     string
	clientID                   string
	clientSecret, refreshToken config.Secret
	apiToken                   config.Secret
	managerID, dataSetID       string
	profiles, forbid           []string
	tokenTTL                   time.Duration
	refusal                    string
	refuseTypes                []string
	echo, gzip                 bool
	successStatus              int
	latency, jitter            time.Duration
	throttle                   float64
	faults                     []string
	record                     string
	forget                     bool
	seed                       uint64
}

// NewSandbox returns the command sandbox.
func NewSandbox(p *cli.Process) *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve a sandbox Amazon, to try things without Amazon",
		Long:  sandboxLong,
		Example: `  amazon-capi sandbox --listen :8090
  amazon-capi sandbox --latency 300ms --throttle 20 --record requests.jsonl
  amazon-capi sandbox --fault status,status=503,chance=0.1 --fault expire,chance=0.01`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	account := sandbox.DefaultAccount()
	flags := cmd.Flags()
	f.log.Register(flags, "console")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8090", "address to serve on; :8090 for all networks")
	flags.StringVar(&f.clientID, "client-id", account.ClientID, "client id that may get tokens")
	f.clientSecret.Register(flags, "client-secret", "its secret (default "+account.ClientSecret+")")
	f.refreshToken.Register(flags, "refresh-token", "its refresh token (default "+account.RefreshToken+")")
	f.apiToken.Register(flags, "api-token", "API token that is also accepted, for events-v1")
	flags.StringVar(&f.managerID, "manager-account", "amzn1.ads1.ma1.sandbox", "manager account of the API token")
	flags.StringVar(&f.dataSetID, "data-set-id", "amzn1.adm.ds1.evnt1.sandbox", "data set of the API token")
	flags.StringSliceVar(&f.profiles, "profiles", nil, "profiles the account may send for (default all)")
	flags.StringSliceVar(&f.forbid, "forbid", nil, "profiles answered 403")
	flags.DurationVar(&f.tokenTTL, "token-ttl", time.Hour, "how long an access token is valid")
	flags.StringVar(&f.refusal, "refusal", "batch", "how invalid events are refused: the whole batch with 422, or item by item in a 207")
	flags.StringSliceVar(&f.refuseTypes, "refuse-types", nil, "event types refused with 422")
	flags.BoolVar(&f.echo, "echo", false, "repeat events in answers, as the live API does")
	flags.BoolVar(&f.gzip, "gzip", false, "accept compressed requests; otherwise they are answered 415")
	flags.IntVar(&f.successStatus, "success-status", 200, "status when all events are accepted: 200, 201, 202, 204 or 207")
	flags.DurationVar(&f.latency, "latency", 0, "delay before each answer of the events endpoint")
	flags.DurationVar(&f.jitter, "jitter", 0, "maximum of an additional random delay")
	flags.Float64Var(&f.throttle, "throttle", 0, "requests a second beyond which the answer is 429 (0: no limit)")
	flags.StringArrayVar(&f.faults, "fault", nil, "a fault, such as status,status=503,chance=0.1; may be repeated")
	flags.StringVar(&f.record, "record", "", "file to append one JSON line per request to, before it is answered")
	flags.BoolVar(&f.forget, "forget-events", false, "keep totals only, for runs of many millions of events")
	flags.Uint64Var(&f.seed, "seed", 1, "seed that makes the chances of faults repeatable")
	return cmd
}

func (f *sandboxFlags) options(warn io.Writer) (o sandbox.Options, err error) {
	account := sandbox.DefaultAccount()
	account.ClientID, account.Profiles = f.clientID, f.profiles
	for _, s := range []struct {
		from *config.Secret
		to   *string
	}{{&f.clientSecret, &account.ClientSecret}, {&f.refreshToken, &account.RefreshToken}} {
		v, err := s.from.Read(warn)
		if err != nil {
			return o, err
		}
		if v != "" {
			*s.to = v
		}
	}
	list := []sandbox.Account{account}
	if token, err := f.apiToken.Read(warn); err != nil {
		return o, err
	} else if token != "" {
		list = append(list, sandbox.Account{APIToken: token, ManagerID: f.managerID, DataSetID: f.dataSetID})
	}
	o = sandbox.Options{
		Accounts:     list,
		TokenTTL:     f.tokenTTL,
		Seed:         f.seed,
		ForgetEvents: f.forget,
		Behaviour:    sandbox.Behaviour{Refusal: sandbox.Refusal(f.refusal), RefuseTypes: f.refuseTypes, Echo: f.echo, Gzip: f.gzip, SuccessStatus: f.successStatus},
	}
	// The delay first: the first fault that strikes ends the list, unless it is
	// a delay.
	var texts []string
	if f.latency > 0 || f.jitter > 0 {
		texts = append(texts, fmt.Sprintf("delay,latency=%s,jitter=%s", f.latency, f.jitter))
	}
	texts = append(texts, f.faults...)
	if f.throttle > 0 {
		texts = append(texts, fmt.Sprintf("throttle,rate=%g,retry_after=1s", f.throttle))
	}
	for _, profile := range f.forbid {
		texts = append(texts, fmt.Sprintf("status,status=403,code=FORBIDDEN,profile=%s", profile))
	}
	for _, s := range texts {
		fault, err := sandbox.ParseFault(s)
		if err != nil {
			return o, cli.Usagef("--fault: %w", err)
		}
		o.Faults = append(o.Faults, fault)
	}
	return o, nil
}

func (f *sandboxFlags) run(ctx context.Context, p *cli.Process) error {
	log, err := f.log.Logger(p)
	if err != nil {
		return err
	}
	o, err := f.options(p.Stderr)
	if err != nil {
		return err
	}
	if f.record != "" {
		file, err := os.OpenFile(f.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return cli.Usagef("--record: %w", err)
		}
		defer file.Close()
		o.Record = file
	}
	amazon, err := sandbox.NewAmazon(o)
	if err != nil {
		return cli.AsUsage(err)
	}
	url, err := amazon.Start(f.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %q (--listen): %w", f.listen, err)
	}
	defer amazon.Close()
	log.Info().Str("amazon_url", url).Str("token_url", url+sandbox.TokenPath).
		Str("client_id", f.clientID).Str("faults", faultNames(o.Faults)).Msg("sandbox Amazon is up")
	<-ctx.Done()
	s := amazon.Stats()
	log.Info().Int64("requests", s.Requests).Int64("taken", s.Taken).Int64("refused", s.Refused).
		Int64("duplicates", s.Duplicates()).Msg("sandbox Amazon stopped")
	return nil
}

func faultNames(fs []sandbox.Fault) string {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.Name
	}
	return strings.Join(names, " ")
}
