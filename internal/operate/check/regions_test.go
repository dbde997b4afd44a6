package check

import (
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// TestRegionsOfAProfile: every region that takes events of it is tried, and no other.
func TestRegionsOfAProfile(t *testing.T) {
	all := []amazon.Region{amazon.NorthAmerica, amazon.Europe, amazon.FarEast}
	for name, tc := range map[string]struct {
		contract string
		base     accounts.Base
		pinned   amazon.Region
		want     []amazon.Region
	}{
		"by country":      {"events-v1", accounts.Base{Region: amazon.NorthAmerica}, 0, all},
		"pinned":          {"events-v1", accounts.Base{Region: amazon.NorthAmerica}, amazon.FarEast, []amazon.Region{amazon.FarEast}},
		"one address":     {"events-v1", accounts.Base{Region: amazon.Europe, BaseURL: "http://localhost:8090"}, 0, []amazon.Region{amazon.Europe}},
		"no countries":    {"off-amazon-2023-11-13", accounts.Base{Region: amazon.Europe}, 0, []amazon.Region{amazon.Europe}},
		"pinned, guide's": {"off-amazon-2023-11-13", accounts.Base{Region: amazon.Europe}, amazon.FarEast, []amazon.Region{amazon.FarEast}},
	} {
		contract, err := amazon.NewContract(tc.contract, amazon.ContractOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := accounts.Profile{ID: "1", Settings: accounts.Settings{Contract: tc.contract, Region: tc.pinned}}
		if got := regionsOf(&tc.base, &p, contract); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// TestAProfileIsAtHomeInOneRegion: that another does not know it is no fault by itself; that
// none does is one.
func TestAProfileIsAtHomeInOneRegion(t *testing.T) {
	in := exchange.Reply{}
	in.Kind, in.Reason = amazon.RefusedWhole, verdict.Reason{Status: 400}
	out := exchange.Reply{}
	out.Kind, out.Reason = amazon.Forbidden, verdict.Reason{Status: 403}
	for name, tc := range map[string]struct {
		replies         []exchange.Reply
		fine, look, act int
		want            string
	}{
		"in one":    {[]exchange.Reply{out, in, out}, 1, 2, 0, "region: EU"},
		"in all":    {[]exchange.Reply{in, in, in}, 3, 0, 0, "1 in FE"},
		"in none":   {[]exchange.Reply{out, out, out}, 0, 0, 3, "1 in NA"},
		"one tried": {[]exchange.Reply{out}, 0, 0, 1, "1"},
	} {
		var answers []answer
		for i, r := range tc.replies {
			answers = append(answers, answer{amazon.NorthAmerica + amazon.Region(i), r})
		}
		var l report.List
		judgeRegions(&l, "1", answers)
		wellFormed(l)
		var text strings.Builder
		for _, f := range l {
			text.WriteString(f.Subject + " " + f.Advice + "\n")
		}
		if l.Count(report.Fine) != tc.fine || l.Count(report.Look) != tc.look || l.Count(report.Act) != tc.act || !strings.Contains(text.String(), tc.want) {
			t.Errorf("%s: %+v", name, l)
		}
	}
}
