package mutate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Package is one package to be mutated.
type Package struct {
	Path  string // import path
	Name  string // import path without the module's
	Dir   string
	fset  *token.FileSet
	files []*file
	info  *types.Info
	imp   types.Importer
}

type file struct {
	path string
	src  []byte
	tree *ast.File
}

// Go is how the go command is started. The default is plain "go".
type Go struct {
	Command []string // such as nice, -n, 10, go
	Dir     string   // where to run it
	Tags    string
}

func (g Go) run(ctx context.Context, args ...string) ([]byte, error) {
	words := append(append([]string{}, g.Command...), args...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = g.Dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, stderr.Bytes())
	}
	return out, nil
}

// Load reads and type-checks the packages that the patterns name.
func Load(ctx context.Context, g Go, patterns ...string) ([]*Package, error) {
	args := []string{"list", "-export", "-deps", "-tags=" + g.Tags,
		"-json=ImportPath,Name,Dir,Export,GoFiles,DepOnly,Module"}
	out, err := g.run(ctx, append(args, patterns...)...)
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	var pkgs []*Package
	var sources [][]string
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
			DepOnly                 bool
			Module                  *struct{ Path string }
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		exports[p.ImportPath] = p.Export
		if p.DepOnly || len(p.GoFiles) == 0 {
			continue
		}
		name := p.ImportPath
		if p.Module != nil {
			name = strings.TrimPrefix(strings.TrimPrefix(name, p.Module.Path), "/")
		}
		pkgs = append(pkgs, &Package{Path: p.ImportPath, Name: name, Dir: p.Dir})
		sources = append(sources, p.GoFiles)
	}
	lookup := func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data for %q", path)
		}
		return os.Open(exports[path])
	}
	for i, p := range pkgs {
		p.fset = token.NewFileSet()
		p.imp = importer.ForCompiler(p.fset, "gc", lookup)
		if err := p.parse(sources[i]); err != nil {
			return nil, err
		}
	}
	return pkgs, nil
}

func (p *Package) parse(names []string) error {
	for _, name := range names {
		path := filepath.Join(p.Dir, name)
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(p.fset, path, src, parser.ParseComments)
		if err != nil {
			return err
		}
		p.files = append(p.files, &file{path: path, src: src, tree: tree})
	}
	p.info = &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object), Uses: make(map[*ast.Ident]types.Object)}
	conf := types.Config{Importer: p.imp}
	if _, err := conf.Check(p.Path, p.fset, p.trees(), p.info); err != nil {
		return fmt.Errorf("type-check %s: %w", p.Path, err)
	}
	return nil
}

func (p *Package) trees() []*ast.File {
	trees := make([]*ast.File, len(p.files))
	for i, f := range p.files {
		trees[i] = f.tree
	}
	return trees
}

// compiles reports whether the package still type-checks with the mutant's edit: one
// that drops the last use of a variable does not.
func (p *Package) compiles(m *Mutant) bool {
	tree, err := parser.ParseFile(p.fset, m.path, m.apply(), parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	trees := p.trees()
	for i, f := range p.files {
		if f.path == m.path {
			trees[i] = tree
		}
	}
	conf := types.Config{Importer: p.imp}
	_, err = conf.Check(p.Path, p.fset, trees, nil)
	return err == nil
}
