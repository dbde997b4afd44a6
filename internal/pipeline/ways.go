package pipeline

import (
	"cmp"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/transform"
)

// NewTransformer makes every transformer of the program, for run and for the tools that
// say what run would do. When they were made in several places, they came to differ: a
// forecast without the fields that a contract sends beyond the guide's refused events
// that were then accepted. A nil contract means any.
func NewTransformer(o transform.Options, contract amazon.Contract) (*transform.Transformer, error) {
	o.Wide = contract == nil || contract.Wide()
	return transform.New(o)
}

// Transformer returns the transformer of the configuration.
func (c *Config) Transformer() (*transform.Transformer, error) {
	o := transform.Options{Mapping: c.Mapping, Identifiers: c.Identifiers, ConsentDenied: c.ConsentDenied, ProfileIDs: c.ProfileIDs}
	if c.AccountsFile != "" {
		return NewTransformer(o, nil) // the file may name another contract at any time
	}
	contract, err := amazon.NewContract(c.Contract, c.ContractOptions)
	if err != nil {
		return nil, err
	}
	return NewTransformer(o, contract)
}

// Way is how a profile's events are sent.
type Way struct {
	Contract amazon.Contract
	// BatchEvents and BatchBytes bound a request.
	BatchEvents, BatchBytes int
	// Paused profiles hold their events.
	Paused bool

	routes exchange.RouteOptions
}

// Lane returns the region of the lane that takes the profile's events from a country.
func (w *Way) Lane(country string) amazon.Region { return w.routes.Lane(country) }

// toRegions sets the regions that a route would use.
func (w *Way) toRegions(c *Config, pinned amazon.Region) {
	w.routes = exchange.RouteOptions{Contract: w.Contract, BaseURL: c.AmazonURL, Region: cmp.Or(pinned, c.Region), Pinned: pinned != amazon.RegionUnknown}
}

// Ways reports how each profile's events would be sent, for tools that send nothing. It
// reflects the accounts at the time of the call.
type Ways struct {
	config    *Config
	accounts  *accounts.List
	all       Way
	contracts map[string]amazon.Contract
	known     map[string]*Way
}

// maxWays bounds the profiles whose way is cached.
const maxWays = 10_000

// Ways reads the accounts file, if there is one.
func (c *Config) Ways() (*Ways, error) {
	contract, err := amazon.NewContract(c.Contract, c.ContractOptions)
	if err != nil {
		return nil, err
	}
	w := &Ways{
		config: c,
		all: Way{
			Contract:    amazon.WithDataSet(contract, amazon.DataSet{Name: c.DataSet, ID: c.DataSetID}),
			BatchEvents: cmp.Or(c.BatchEvents, contract.Limits().Events), BatchBytes: cmp.Or(c.BatchBytes, contract.Limits().Bytes),
		},
		contracts: make(map[string]amazon.Contract), known: make(map[string]*Way),
	}
	w.all.toRegions(c, amazon.RegionUnknown)
	if c.AccountsFile == "" {
		return w, nil
	}
	list, _, err := c.Accounts()
	if err != nil {
		return nil, err
	}
	w.accounts = &list
	for _, name := range amazon.ContractNames() {
		if w.contracts[name], err = amazon.NewContract(name, c.ContractOptions); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Of returns the way of a profile's events, or why they have none.
func (w *Ways) Of(profile string) (*Way, *verdict.Reason) {
	if w.accounts == nil {
		return &w.all, nil
	}
	if way := w.known[profile]; way != nil {
		return way, nil
	}
	a, p, ok := w.accounts.Of(profile)
	if !ok {
		return nil, accounts.Unknown()
	}
	way := &Way{Contract: amazon.WithDataSet(w.contracts[p.Contract], a.DataSetOf(&p)), BatchEvents: w.all.BatchEvents, BatchBytes: w.all.BatchBytes, Paused: p.Paused}
	if p.BatchEvents > 0 {
		way.BatchEvents = min(way.BatchEvents, p.BatchEvents)
	}
	if p.BatchBytes > 0 {
		way.BatchBytes = min(way.BatchBytes, p.BatchBytes)
	}
	way.toRegions(w.config, p.Region)
	if len(w.known) >= maxWays {
		clear(w.known)
	}
	w.known[strings.Clone(profile)] = way // the profile may be a part of a record
	return way, nil
}
