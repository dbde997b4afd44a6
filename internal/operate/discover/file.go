package discover

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// How an accounts file has a profile that was found.
const (
	FileHas      = "there"   // as Amazon has it
	FileAdds     = "new"     // written, or would be
	FileDiffers  = "differs" // not written unless that is asked for
	FileReplaces = "changed" // what differed was written, or would be
	FileOther    = "another account's"
)

// File is an accounts file that found profiles are entered in. It keeps
// its comments, order and style where possible: existing content is not rewritten.
type File struct {
	list accounts.List
	doc  yaml.Node
	was  []byte
	// entered has the account of each profile that was added.
	entered map[string]string
	// Overwrite changes entries that differ.
	Overwrite bool
	// Changes say in words what was changed beside what was added.
	Changes []string
	changed bool
}

// Open reads a file that list was read from.
func Open(data []byte, list accounts.List) (*File, error) {
	f := &File{list: list, was: data, entered: make(map[string]string)}
	text, err := textfile.Clean(data)
	if err == nil {
		err = yaml.Load(text, &f.doc)
	}
	if err != nil {
		return nil, errors.New("the accounts file is not YAML any more")
	}
	return f, nil
}

// Enter enters the profiles of an account, and says of each how the file has it.
func (f *File) Enter(of *accounts.Account, found []Profile) error {
	account := f.account(of.Name)
	if account == nil {
		return fmt.Errorf("account %s is not where the accounts file had it", of.Name)
	}
	for i := range found {
		if err := f.enter(account, of, &found[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) enter(account *yaml.Node, of *accounts.Account, p *Profile) error {
	owner, had, named := f.named(p.Profile)
	switch {
	case named && owner != of.Name:
		p.File = FileOther
		return nil
	case named:
		return f.compare(account, of, &had, p)
	}
	// The file may name a profile once: that two accounts reach it is no mistake of theirs.
	if first, ok := f.entered[p.Profile]; ok {
		if p.File = FileHas; first != of.Name {
			p.File = FileOther
		}
		return nil
	}
	p.File = FileAdds
	profiles, err := sequence(account, "profiles")
	if err != nil {
		return fmt.Errorf("account %s: %w", of.Name, err)
	}
	entry := &yaml.Node{Kind: yaml.MappingNode, Style: profiles.Style & yaml.FlowStyle}
	set(entry, "id", p.Profile)
	if of.ManagerID == "" && p.AdvertiserID != "" {
		set(entry, "advertiser_id", p.AdvertiserID)
	}
	if p.Region != "" && of.Defaults.Region.String() != p.Region {
		set(entry, "region", p.Region)
	}
	if entry.Style == 0 && p.Country != "" {
		entry.Content[1].LineComment = "# " + p.Country
	}
	profiles.Content = append(profiles.Content, entry)
	f.entered[p.Profile], f.changed = of.Name, true
	return nil
}

// compare holds an entry to what Amazon says. A region that the file leaves to the events'
// countries is not a difference.
func (f *File) compare(account *yaml.Node, of *accounts.Account, had *accounts.Profile, p *Profile) error {
	p.File = FileHas
	for _, c := range []struct {
		key, was, is string
		differs      bool
	}{
		{"advertiser_id", had.AdvertiserID, p.AdvertiserID, of.ManagerID == "" && p.AdvertiserID != "" && had.AdvertiserID != p.AdvertiserID},
		{"region", had.Region.String(), p.Region, p.Region != "" && had.Region != 0 && had.Region.String() != p.Region},
	} {
		if !c.differs {
			continue
		}
		was := c.was
		if was == "" {
			was = "none"
		}
		f.Changes = append(f.Changes, fmt.Sprintf("profile %s of account %s: %s is %s in the file, and Amazon says %s", p.Profile, of.Name, c.key, was, c.is))
		if p.File = FileDiffers; !f.Overwrite {
			continue
		}
		entry := f.entry(account, p.Profile)
		if entry == nil {
			return fmt.Errorf("profile %s is not where the accounts file had it", p.Profile)
		}
		set(entry, c.key, c.is)
		p.File, f.changed = FileReplaces, true
	}
	return nil
}

// named returns which account of the file names a profile, and how.
func (f *File) named(profile string) (account string, p accounts.Profile, ok bool) {
	for i := range f.list.Accounts {
		a := &f.list.Accounts[i]
		if j := slices.IndexFunc(a.Profiles, func(p accounts.Profile) bool { return p.ID == profile }); j >= 0 {
			return a.Name, a.Profiles[j], true
		}
	}
	return "", p, false
}

// Bytes is the file with what was entered; changed reports whether anything was.
func (f *File) Bytes() (data []byte, changed bool, err error) {
	if !f.changed {
		return f.was, false, nil
	}
	var out bytes.Buffer
	dumper, err := yaml.NewDumper(&out, yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(f.compact()))
	if err == nil {
		err = errors.Join(dumper.Dump(&f.doc), dumper.Close())
	}
	return out.Bytes(), true, err
}

// compact reports whether the file begins lists below their key rather than further right.
func (f *File) compact() bool {
	top := content(&f.doc)
	for i := 0; i+1 < len(top.Content); i += 2 {
		if list := top.Content[i+1]; list.Kind == yaml.SequenceNode && len(list.Content) > 0 && list.Style&yaml.FlowStyle == 0 {
			// The column of an item is behind its dash.
			return list.Column == top.Content[i].Column
		}
	}
	return false
}

func (f *File) account(name string) *yaml.Node {
	list := member(content(&f.doc), "accounts")
	if list == nil {
		return nil
	}
	for _, n := range content(list).Content {
		if id := member(content(n), "name"); id != nil && content(id).Value == name {
			return content(n)
		}
	}
	return nil
}

func (f *File) entry(account *yaml.Node, profile string) *yaml.Node {
	list := member(account, "profiles")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, n := range list.Content {
		if id := member(n, "id"); id != nil && content(id).Value == profile {
			return n
		}
	}
	return nil
}

// sequence returns the list under a key, creating it if it is missing.
func sequence(of *yaml.Node, key string) (*yaml.Node, error) {
	n := member(of, key)
	switch {
	case n == nil:
		n = &yaml.Node{Kind: yaml.SequenceNode}
		of.Content = append(of.Content, scalar(key), n)
	case n.Kind == yaml.AliasNode:
		return nil, fmt.Errorf("%s is the list of another account (*%s): want one of its own to write into", key, n.Value)
	case len(n.Content) == 0 && of.Style&yaml.FlowStyle == 0:
		n.Style = 0 // [] is filled in lines
	}
	return n, nil
}

// content goes through the document and aliases to what is meant.
func content(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.DocumentNode && len(n.Content) > 0 || n.Kind == yaml.AliasNode && n.Alias != nil {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		} else {
			n = n.Content[0]
		}
	}
	return n
}

func member(of *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(of.Content); i += 2 {
		if of.Content[i].Value == key {
			return of.Content[i+1]
		}
	}
	return nil
}

// set sets a key of a mapping. Ids are quoted, since digits alone are numbers.
func set(of *yaml.Node, key, value string) {
	if n := member(of, key); n != nil {
		*n = yaml.Node{Kind: yaml.ScalarNode, Value: value, Tag: "!!str", Style: quotes(value), HeadComment: n.HeadComment, LineComment: n.LineComment, FootComment: n.FootComment}
		return
	}
	n := scalar(value)
	n.Style = quotes(value)
	of.Content = append(of.Content, scalar(key), n)
}

func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

func quotes(value string) yaml.Style {
	if value[0] >= '0' && value[0] <= '9' {
		return yaml.DoubleQuotedStyle
	}
	return 0
}
