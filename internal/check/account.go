package check

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/finding"
	"github.com/tracklayer/amazon-capi/internal/trial"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink"
)

const (
	areaToken   = "token"
	areaProfile = "profile"
)

// account asks Login with Amazon for a token, and Amazon whether it lets each
// profile in. When an account has several, this is where they come in.
func (v *Live) account(ctx context.Context, l *finding.List) {
	c := v.Config
	grant, ok := v.token(ctx, l)
	if !ok {
		return
	}
	if len(v.Profiles) == 0 {
		l.Look(areaProfile, "", "Name the profiles that matter by --profile, or send one event with amazon-capi send.", "none was tried: which there are, only the events say")
		return
	}
	contract, err := sink.NewContract(c.Contract, c.ContractOptions)
	if err != nil {
		l.Act(areaProfile, "", "", "%v", err)
		return
	}
	direct, err := sink.NewDirect(sink.DirectOptions{Contract: contract, BaseURL: c.AmazonURL, Region: c.Region, ClientID: c.ClientID, RequestTimeout: min(c.RequestTimeout, askTimeout)})
	if err != nil {
		l.Act(areaProfile, "", "", "%v", err)
		return
	}
	defer direct.Close()
	renewed := false
	for _, profile := range v.Profiles {
		if ctx.Err() != nil {
			return
		}
		v.tell("profile " + profile)
		reply := direct.Send(ctx, profile, grant.Token)
		// The guide's answer to a 401 is a new token; one is enough to know that
		// it is not the token.
		if reply.Kind == sink.Unauthenticated && !renewed {
			renewed = true
			if again, err := v.exchange(ctx); err == nil {
				grant = again
				reply = direct.Send(ctx, profile, grant.Token)
			}
		}
		judgeProfile(l, profile, &reply)
	}
}

func (v *Live) exchange(ctx context.Context) (sink.Grant, error) {
	c := v.Config
	return sink.ExchangeToken(ctx, sink.TokenOptions{
		URL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret, RefreshToken: c.RefreshToken, Timeout: askTimeout,
	})
}

func (v *Live) token(ctx context.Context, l *finding.List) (sink.Grant, bool) {
	grant, err := v.exchange(ctx)
	if err != nil {
		l.Act(areaToken, v.Config.TokenURL, "Check that --client-id, --client-secret and --refresh-token belong to one Login with Amazon client, and authorise again if need be. Nothing is sent without a token.", "%s", short(err))
		return grant, false
	}
	l.Fine(areaToken, v.Config.TokenURL, "good for %s", grant.ExpiresIn.Round(time.Second))
	if grant.NewRefreshToken {
		l.Look(areaToken, v.Config.TokenURL, "Find out where the new one is to be had, and put it in place of the old one before that ends.", "Login with Amazon gave another refresh token with it, which this program does not keep")
	}
	return grant, true
}

// judgeProfile reads the answer to a request without events. That it is refused for
// having none is how Amazon says that everything before was well.
func judgeProfile(l *finding.List, profile string, reply *sink.Reply) {
	why := reply.Reason
	switch {
	case reply.Kind == sink.Unauthenticated, reply.Kind == sink.Forbidden:
		l.Act(areaProfile, profile, verdict.Remedy(verdict.Reason{Class: verdict.Auth, Status: why.Status}), "is not let in: %s", said(why))
	case reply.Kind == sink.Foreign:
		l.Act(areaProfile, profile, trial.Undecided(reply), "%s", said(why))
	case reply.Kind == sink.RefusedWhole && why.Status == 404:
		l.Act(areaProfile, profile, verdict.Remedy(verdict.Reason{Class: verdict.Rejected, Status: 404}), "is not known: %s", said(why))
	case reply.Kind == sink.RefusedWhole && why.Status == 422:
		l.Fine(areaProfile, profile, "is let in (422 to a request without events, as it should be). Should events be answered 422: %s",
			verdict.Remedy(verdict.Reason{Class: verdict.Rejected, Status: 422}))
	case reply.Kind == sink.RefusedWhole, reply.Kind == sink.Itemised:
		l.Fine(areaProfile, profile, "is let in (%d to a request without events)", why.Status)
	default:
		l.Look(areaProfile, profile, "Try again later; run waits and tries again by itself.", "could not be tried: %s", said(why))
	}
}

// said is an answer in a few words.
func said(why verdict.Reason) string {
	var words []string
	if why.Status != 0 {
		words = append(words, strconv.Itoa(why.Status))
	}
	if why.Code != "" {
		words = append(words, why.Code)
	}
	text := strings.Join(words, " ")
	switch {
	case text == "":
		return why.Message
	case why.Message == "":
		return text
	}
	return text + ": " + why.Message
}
