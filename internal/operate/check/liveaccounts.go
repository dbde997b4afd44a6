package check

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/operate/testsend"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

const (
	areaToken   = "token"
	areaProfile = "profile"
)

// accounts asks Login with Amazon for a token for each account, and Amazon whether
// it lets each profile in.
func (v *Live) accounts(ctx context.Context, l *report.List) {
	list, base, err := v.Config.Accounts()
	if err != nil {
		l.Act(areaAccounts, v.Config.AccountsFile, "", "%s", short(err))
		return
	}
	extra := make(map[string][]string) // profiles of the command line, by account
	for _, profile := range v.Profiles {
		a, _, ok := list.Of(profile)
		if !ok {
			l.Act(areaProfile, profile, "Name it in one of the accounts, or make one of them the default.", "no account sends for it")
			continue
		}
		extra[a.Name] = append(extra[a.Name], profile)
	}
	tried := false
	for i := range list.Accounts {
		a := &list.Accounts[i]
		t := &tokens{account: a}
		if ctx.Err() != nil || !t.first(ctx, l) {
			tried = true // a token that is not available is what to say, and not that
			continue
		}
		ids := extra[a.Name]
		for _, p := range a.Profiles {
			if !slices.Contains(ids, p.ID) {
				ids = append(ids, p.ID)
			}
		}
		for _, id := range ids {
			tried = true
			_, p, _ := list.Of(id)
			v.profile(ctx, l, &base, t, &p)
		}
	}
	if !tried && len(v.Profiles) == 0 {
		l.Look(areaProfile, "", "Name the profiles that matter by --profile, or send one event with amazon-capi send.", "none was tried: which there are, only the events say")
	}
}

// tokens are an account's, while its profiles are tried.
type tokens struct {
	account *accounts.Account
	grant   login.Grant
	renewed bool
}

func (t *tokens) exchange(ctx context.Context) (err error) {
	t.grant, err = t.account.Grant(ctx, askTimeout)
	return err
}

func (t *tokens) first(ctx context.Context, l *report.List) bool {
	if t.account.APIToken != "" {
		return t.exchange(ctx) == nil // nobody to ask but Amazon, with a profile
	}
	subject := t.account.Name
	if subject == "" {
		subject = t.account.TokenURL
	}
	if err := t.exchange(ctx); err != nil {
		l.Act(areaToken, subject, "Check that client id, client secret and refresh token (--client-id, --client-secret, --refresh-token, or in the accounts file) belong to one Login with Amazon client, and authorise again if need be. Nothing is sent without a token.", "%s", short(err))
		return false
	}
	l.Fine(areaToken, subject, "good for %s", t.grant.ExpiresIn.Round(time.Second))
	if t.grant.NewRefreshToken {
		l.Look(areaToken, subject, "Find out where to get the new one, and put it in place of the old one before that ends.", "Login with Amazon gave another refresh token with it, which this program does not keep")
	}
	return true
}

// profile asks Amazon whether a profile is let in, by a request without an event to each
// region that takes events of it.
func (v *Live) profile(ctx context.Context, l *report.List, base *accounts.Base, t *tokens, p *accounts.Profile) {
	contract, err := amazon.NewContract(p.Contract, base.ContractOptions)
	if err != nil {
		l.Act(areaProfile, p.ID, "", "%v", err)
		return
	}
	regions := regionsOf(base, p, contract)
	answers := make([]answer, 0, len(regions))
	for _, region := range regions {
		if ctx.Err() != nil {
			return
		}
		v.tell("profile " + p.ID)
		reply, err := v.ask(ctx, base, t, p, region)
		if err != nil {
			l.Act(areaProfile, p.ID, "", "%v", err)
			return
		}
		answers = append(answers, answer{region, reply})
	}
	judgeRegions(l, p.ID, answers)
}

// regionsOf returns the regions that events of a profile go to: its own, all that the
// contract has by country, or else that of the flags. One address for all is one region.
func regionsOf(base *accounts.Base, p *accounts.Profile, contract amazon.Contract) []amazon.Region {
	byCountry := contract.Region("US") != amazon.RegionUnknown
	if p.Region != amazon.RegionUnknown || base.BaseURL != "" || !byCountry {
		return []amazon.Region{cmp.Or(p.Region, base.Region)}
	}
	return []amazon.Region{amazon.NorthAmerica, amazon.Europe, amazon.FarEast}
}

func (v *Live) ask(ctx context.Context, base *accounts.Base, t *tokens, p *accounts.Profile, region amazon.Region) (reply exchange.Reply, err error) {
	d, err := base.Direct(t.account, p, region, min(v.Config.RequestTimeout, askTimeout))
	if err != nil {
		return reply, err
	}
	defer d.Close()
	reply = d.Send(ctx, p.ID, t.grant.Token)
	// The guide's answer to a 401 is a new token; one is enough to know that it is
	// not the token.
	if reply.Kind == amazon.Unauthenticated && !t.renewed && t.account.APIToken == "" {
		t.renewed = true
		if t.exchange(ctx) == nil {
			reply = d.Send(ctx, p.ID, t.grant.Token)
		}
	}
	return reply, nil
}

// answer is a region's.
type answer struct {
	region amazon.Region
	reply  exchange.Reply
}

// judgeRegions reads the answers of all regions of a profile. Many a profile is at home in
// one: where another lets it in, a refusal concerns the events of that region's countries.
func judgeRegions(l *report.List, profile string, answers []answer) {
	if len(answers) == 1 {
		judgeProfile(l, profile, &answers[0].reply)
		return
	}
	found := make([]report.List, len(answers))
	in := ""
	for i := range answers {
		judgeProfile(&found[i], profile+" in "+answers[i].region.String(), &answers[i].reply)
		if found[i].Count(report.Fine) > 0 && in == "" {
			in = answers[i].region.String()
		}
	}
	for i := range answers {
		if in != "" && found[i].Count(report.Act) > 0 {
			l.Look(areaProfile, profile+" in "+answers[i].region.String(),
				"Nothing, if no event of the profile is from a country of this region. If all are to go to "+in+", give the profile region: "+in+" in the accounts file.",
				"is not let in, and events of this region's countries would be refused: %s", said(answers[i].reply.Reason))
			continue
		}
		*l = append(*l, found[i]...)
	}
}

// judgeProfile reads the answer to a request without events. That it is refused for
// having none is how Amazon says that everything before was well.
func judgeProfile(l *report.List, profile string, reply *exchange.Reply) {
	why := reply.Reason
	switch {
	case reply.Kind == amazon.Unauthenticated, reply.Kind == amazon.Forbidden:
		l.Act(areaProfile, profile, verdict.Mend(verdict.Reason{Class: verdict.Auth, Status: why.Status}), "is not let in: %s", said(why))
	case reply.Kind == amazon.Foreign:
		l.Act(areaProfile, profile, testsend.Undecided(reply), "%s", said(why))
	case reply.Kind == amazon.RefusedWhole && why.Status == 404:
		l.Act(areaProfile, profile, verdict.Mend(verdict.Reason{Class: verdict.Rejected, Status: 404}), "is not known: %s", said(why))
	case reply.Kind == amazon.RefusedWhole && why.Status == 422:
		l.Fine(areaProfile, profile, "is let in (422 to a request without events, as it should be). Should events be answered 422: %s",
			verdict.Mend(verdict.Reason{Class: verdict.Rejected, Status: 422}))
	case reply.Kind == amazon.RefusedWhole, reply.Kind == amazon.Itemised:
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
