package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/cli"
)

// TestKeysAreFlags: rooms name settings by keys, which have to be flags for whoever
// reads the error.
func TestKeysAreFlags(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/setting/setting.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known, n := cli.AllFlags(newRoot(&cli.Process{})), 0
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Key" {
			key, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if n++; err != nil || !known[key] {
				t.Errorf("%s is %q, which is no flag", spec.Names[0], key)
			}
		}
		return true
	})
	if n < 20 {
		t.Errorf("only %d keys were found", n)
	}
}
