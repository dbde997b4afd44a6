package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/screen"
)

// widestProse is how wide texts are on terminals that are wider: longer lines are hard to read.
const widestProse = 100

// themes of the commands, in the order of help.
var themes = []struct {
	title    string
	commands []string
}{
	{"Set up", []string{"init", "check", "accounts", "schemas"}},
	{"Deliver", []string{"run", "replay", "send"}},
	{"Look", []string{"find", "explain", "dlq", "reconcile", "audit", "tag", "console", "healthcheck", "debug"}},
	{"People's rights", []string{"erase"}},
	{"Try without Amazon", []string{"demo", "sandbox", "publish", "bench"}},
}

// UseHelp has a program print its help by theme, as wide as the terminal.
func UseHelp(root *cobra.Command, p *Process) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(p.Paged(), cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		h := helper{w: p.Screen(), width: screen.WidthOf(p.Screen())}
		h.usage(cmd)
		return nil
	})
}

func printHelp(w io.Writer, cmd *cobra.Command) {
	h := helper{w: w, width: screen.WidthOf(w)}
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	h.prose(text)
	fmt.Fprintln(w)
	h.usage(cmd)
}

type helper struct {
	w     io.Writer
	width int // 0 for any
}

// prose prints paragraphs, and what is indented in them as it stands.
func (h *helper) prose(text string) {
	width := h.width
	if width == 0 || width > widestProse {
		width = widestProse
	}
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			for _, line := range screen.Fold(paragraph, width) {
				fmt.Fprintln(h.w, line)
			}
			paragraph = ""
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "", strings.HasPrefix(line, " "):
			flush()
			fmt.Fprintln(h.w, line)
		case paragraph == "":
			paragraph = line
		default:
			paragraph += " " + line
		}
	}
	flush()
}

func (h *helper) usage(cmd *cobra.Command) {
	h.title("Usage")
	if cmd.Runnable() {
		fmt.Fprintln(h.w, "  "+cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintln(h.w, "  "+cmd.CommandPath()+" COMMAND")
	}
	if cmd.Example != "" {
		h.title("\nExamples")
		for _, line := range screen.Script(cmd.Example, h.width) {
			fmt.Fprintln(h.w, line)
		}
	}
	h.commands(cmd)
	h.flags(cmd)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(h.w, "\n%s COMMAND --help says more about a command.\n", cmd.CommandPath())
	}
}

func (h *helper) title(text string) { fmt.Fprintln(h.w, text+":") }

// commands prints the commands below one, those of the program by theme.
func (h *helper) commands(cmd *cobra.Command) {
	rest, widest := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() && c.Name() != "help" }), 0
	for _, c := range rest {
		widest = max(widest, len(c.Name()))
	}
	list := func(title string, of []*cobra.Command) {
		if len(of) > 0 {
			h.title("\n" + title)
		}
		for _, c := range of {
			h.entry(fmt.Sprintf("  %-*s  ", widest, c.Name()), c.Short)
		}
	}
	if cmd.HasParent() {
		list("Commands", rest)
		return
	}
	for _, t := range themes {
		var of []*cobra.Command
		for _, name := range t.commands {
			if i := slices.IndexFunc(rest, func(c *cobra.Command) bool { return c.Name() == name }); i >= 0 {
				of, rest = append(of, rest[i]), slices.Delete(rest, i, i+1)
			}
		}
		list(t.title, of)
	}
	list("More", rest)
}

// flags prints a command's own flags, then those that it shares with others, by theme.
func (h *helper) flags(cmd *cobra.Command) {
	by := make(map[string][]*pflag.Flag)
	add := func(f *pflag.Flag) {
		if !f.Hidden {
			by[themeOf(f.Name)] = append(by[themeOf(f.Name)], f)
		}
	}
	cmd.LocalNonPersistentFlags().VisitAll(add)
	cmd.PersistentFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	durations := false
	for _, t := range flagThemes {
		if len(by[t.title]) == 0 {
			continue
		}
		h.title("\n" + t.title)
		for _, f := range by[t.title] {
			durations = durations || f.Value.Type() == "duration"
			h.flag(f)
		}
	}
	if durations {
		fmt.Fprintln(h.w, "\nDurations are written as 500ms, 90s, 5m or 1h30m.")
	}
}

// nameRoom is how wide the column of the flags' names is.
const nameRoom = 30

func (h *helper) flag(f *pflag.Flag) {
	head := "      --" + f.Name
	if f.Shorthand != "" {
		head = "  -" + f.Shorthand + ", --" + f.Name
	}
	if what := placeholder(f); what != "" {
		head += " " + what
	}
	if len(head)+2 > nameRoom {
		fmt.Fprintln(h.w, head)
		head = ""
	}
	h.entry(fmt.Sprintf("%-*s", nameRoom, head), Describe(f))
}

// entry prints a name and what it is.
func (h *helper) entry(head, text string) {
	for _, line := range screen.FoldAfter(head, text, h.width) {
		fmt.Fprintln(h.w, line)
	}
}
