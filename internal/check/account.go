package check

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/finding"
	"github.com/tracklayer/amazon-capi/internal/trial"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink"
)

const (
	areaToken   = "token"
	areaProfile = "profile"
)

// account asks Login with Amazon for a token of each account, and Amazon whether
// it lets the profiles in.
func (v *Live) account(ctx context.Context, l *finding.List) {
	list, err := v.Config.Accounts()
	if err != nil {
		l.Act(areaToken, v.Config.AccountsFile, "", "%v", err)
		return
	}
	owned := make(map[string]bool)
	granted := false
	for i := range list.Accounts {
		a := &list.Accounts[i]
		profiles := v.profilesOf(&list, a)
		for _, p := range profiles {
			owned[p.ID] = true
		}
		if ctx.Err() == nil && v.oneAccount(ctx, l, a, profiles) {
			granted = true
		}
	}
	for _, id := range v.Profiles {
		if !owned[id] {
			l.Act(areaProfile, id, verdict.Remedy(verdict.Reason{Class: verdict.Auth, Code: accounts.CodeUnknown}), "no account names it, and none is the default")
		}
	}
	if granted && len(owned) == 0 && len(v.Profiles) == 0 {
		l.Look(areaProfile, "", "Name the profiles that matter by --profile, or send one event with amazon-capi send.", "none was tried: which there are, only the events say")
	}
}

// profilesOf returns the profiles of an account that are to be tried: those that
// were asked for, or all that the accounts file names.
func (v *Live) profilesOf(list *accounts.List, a *accounts.Account) (profiles []accounts.Profile) {
	if len(v.Profiles) == 0 {
		return a.Profiles
	}
	for _, id := range v.Profiles {
		if owner, p, ok := list.Find(id); ok && owner == a {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

// oneAccount returns whether there was a token to try profiles with.
func (v *Live) oneAccount(ctx context.Context, l *finding.List, a *accounts.Account, profiles []accounts.Profile) (granted bool) {
	grant, ok := v.token(ctx, l, a)
	if !ok {
		return false
	}
	renewed := false
	for i := range profiles {
		p := &profiles[i]
		if ctx.Err() != nil {
			return true
		}
		v.tell("profile " + p.ID)
		direct, err := v.direct(a, p)
		if err != nil {
			l.Act(areaProfile, p.ID, "", "%v", err)
			continue
		}
		reply := direct.Send(ctx, p.ID, "", grant.Token)
		// The guide's answer to a 401 is a new token; one is enough to know that
		// it is not the token.
		if reply.Kind == sink.Unauthenticated && !renewed {
			renewed = true
			if again, err := exchange(ctx, a); err == nil {
				grant = again
				reply = direct.Send(ctx, p.ID, "", grant.Token)
			}
		}
		direct.Close()
		judgeProfile(l, p.ID, &reply)
	}
	return true
}

// direct sends as the pipeline does for the profile; where that goes by the
// country of events, to the region of those that have none.
func (v *Live) direct(a *accounts.Account, p *accounts.Profile) (*sink.Direct, error) {
	c := v.Config
	contract, err := sink.NewContract(p.Contract, c.ContractOptions)
	if err != nil {
		return nil, err
	}
	return sink.NewDirect(sink.DirectOptions{
		Contract: contract, BaseURL: c.AmazonURL, Region: cmp.Or(p.Region, c.Region), Pinned: p.Region != sink.RegionUnknown,
		ClientID: a.ClientID, AdvertiserID: p.AdvertiserID, RequestTimeout: min(c.RequestTimeout, askTimeout),
	})
}

func exchange(ctx context.Context, a *accounts.Account) (sink.Grant, error) {
	return sink.ExchangeToken(ctx, sink.TokenOptions{
		Account: a.Name, URL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, RefreshToken: a.RefreshToken, Timeout: askTimeout,
	})
}

func (v *Live) token(ctx context.Context, l *finding.List, a *accounts.Account) (sink.Grant, bool) {
	subject := a.TokenURL
	if a.Name != "" {
		subject = "account " + a.Name
	}
	grant, err := exchange(ctx, a)
	if err != nil {
		l.Act(areaToken, subject, "Check that client id, client secret and refresh token (--client-id, --client-secret and --refresh-token, or those of the accounts file) belong to one Login with Amazon client, and authorise again if need be. Nothing is sent without a token.", "%s", short(err))
		return grant, false
	}
	l.Fine(areaToken, subject, "good for %s", grant.ExpiresIn.Round(time.Second))
	if grant.NewRefreshToken {
		l.Look(areaToken, subject, "Find out where the new one is to be had, and put it in place of the old one before that ends.", "Login with Amazon gave another refresh token with it, which this program does not keep")
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
