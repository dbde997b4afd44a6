package mutate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// Mutants returns every edit that the operators find in the package, those that do
// not compile among them, in the order of the source.
func (p *Package) Mutants(root string) []*Mutant {
	var all []*Mutant
	for _, f := range p.files {
		if ast.IsGenerated(f.tree) {
			continue
		}
		v := &finder{pkg: p, file: f, root: root}
		for _, decl := range f.tree.Decls {
			v.fn = funcName(decl)
			ast.Inspect(decl, v.visit)
		}
		all = append(all, v.found...)
	}
	number(all)
	return all
}

// funcName returns the name of a function with its receiver's type.
func funcName(decl ast.Decl) string {
	fn, ok := decl.(*ast.FuncDecl)
	switch {
	case !ok:
		return ""
	case fn.Recv == nil || len(fn.Recv.List) == 0:
		return fn.Name.Name
	}
	return "(" + types.ExprString(fn.Recv.List[0].Type) + ")." + fn.Name.Name
}

type finder struct {
	pkg   *Package
	file  *file
	root  string
	fn    string
	sigs  []*types.Signature // of the functions that the walk is in
	stack []ast.Node
	found []*Mutant
}

func (v *finder) offset(p token.Pos) int { return v.pkg.fset.Position(p).Offset }

func (v *finder) text(n ast.Node) string {
	return string(v.file.src[v.offset(n.Pos()):v.offset(n.End())])
}

func (v *finder) add(op string, from, to token.Pos, replacement string) {
	start, end := v.offset(from), v.offset(to)
	src := v.file.src
	lo, hi := start, start
	for lo > 0 && src[lo-1] != '\n' {
		lo--
	}
	for hi < len(src) && src[hi] != '\n' {
		hi++
	}
	v.found = append(v.found, &Mutant{
		Package: v.pkg.Name, File: strings.TrimPrefix(strings.TrimPrefix(v.file.path, v.root), "/"),
		Line: v.pkg.fset.Position(from).Line, Func: v.fn, Op: op,
		In: strings.TrimSpace(string(src[lo:hi])), Old: string(src[start:end]), New: replacement,
		path: v.file.path, src: src, start: start, end: end,
	})
}

// visit is called by ast.Inspect, with nil after a node's children.
func (v *finder) visit(n ast.Node) bool {
	if n == nil {
		last := v.stack[len(v.stack)-1]
		v.stack = v.stack[:len(v.stack)-1]
		switch last.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			v.sigs = v.sigs[:len(v.sigs)-1]
		}
		return true
	}
	if v.skip(n) {
		return false
	}
	v.stack = append(v.stack, n)
	switch n := n.(type) {
	case *ast.FuncDecl:
		sig, _ := v.pkg.info.TypeOf(n.Name).(*types.Signature)
		if sig == nil {
			sig = types.NewSignatureType(nil, nil, nil, nil, nil, false)
		}
		v.sigs = append(v.sigs, sig)
	case *ast.FuncLit:
		sig, _ := v.pkg.info.TypeOf(n).(*types.Signature)
		v.sigs = append(v.sigs, sig)
	case *ast.BinaryExpr:
		v.binary(n)
	case *ast.IfStmt:
		v.negate(n.Cond)
	case *ast.ForStmt:
		v.negate(n.Cond)
	case *ast.BasicLit:
		v.offByOne(n)
	case *ast.CallExpr:
		v.swap(n)
	case *ast.ReturnStmt:
		v.zero(n)
	case *ast.CaseClause:
		v.dropCase(n)
		v.dropFrom(n.Body)
	case *ast.CommClause:
		v.dropFrom(n.Body)
	case *ast.BlockStmt:
		v.dropFrom(n.List)
	case *ast.CompositeLit:
		v.dropField(n)
	}
	return true
}

// skip reports whether nothing below n is worth a mutant: what is logged and how
// errors are worded, type declarations, sizes that only save allocations, and what is
// returned beside a new error, which callers do not look at.
func (v *finder) skip(n ast.Node) bool {
	if len(v.stack) > 0 {
		if ret, ok := v.stack[len(v.stack)-1].(*ast.ReturnStmt); ok && besideError(ret, n) {
			return true
		}
	}
	switch n := n.(type) {
	case *ast.TypeSpec, *ast.ImportSpec, *ast.ArrayType, *ast.Field:
		return true
	case *ast.CallExpr:
		return v.logs(n) || isCall(n, "make", "panic", "Grow", "Errorf")
	}
	return false
}

// besideError reports whether n is among the results before an error that is made there.
func besideError(ret *ast.ReturnStmt, n ast.Node) bool {
	last := ret.Results[len(ret.Results)-1]
	call, ok := last.(*ast.CallExpr)
	return ok && n != last && isCall(call, "Errorf", "New")
}

func isCall(call *ast.CallExpr, names ...string) bool {
	var called string
	switch fn := call.Fun.(type) {
	case *ast.Ident:
		called = fn.Name
	case *ast.SelectorExpr:
		called = fn.Sel.Name
	}
	return slices.Contains(names, called)
}

// logs reports whether the call is one of a chain that writes a log line.
func (v *finder) logs(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	t := v.pkg.info.TypeOf(sel.X)
	return t != nil && strings.Contains(t.String(), "github.com/rs/zerolog.")
}

var operators = map[token.Token][]token.Token{
	token.LSS: {token.LEQ}, token.LEQ: {token.LSS}, token.GTR: {token.GEQ}, token.GEQ: {token.GTR},
	token.EQL: {token.NEQ}, token.NEQ: {token.EQL},
	token.LAND: {token.LOR}, token.LOR: {token.LAND},
	token.ADD: {token.SUB}, token.SUB: {token.ADD}, token.MUL: {token.QUO}, token.QUO: {token.MUL},
}

func (v *finder) binary(n *ast.BinaryExpr) {
	for _, op := range operators[n.Op] {
		name := "operator"
		switch n.Op {
		case token.LSS, token.LEQ, token.GTR, token.GEQ:
			name = "boundary"
		case token.EQL, token.NEQ, token.LAND, token.LOR:
			name = "condition"
		}
		v.add(name, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), op.String())
	}
}

func (v *finder) negate(cond ast.Expr) {
	if cond == nil {
		return
	}
	if b, ok := cond.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return // binary does
	}
	if not, ok := cond.(*ast.UnaryExpr); ok && not.Op == token.NOT {
		v.add("negate", cond.Pos(), cond.End(), v.text(not.X))
		return
	}
	v.add("negate", cond.Pos(), cond.End(), "!("+v.text(cond)+")")
}

// offByOne leaves sizes and times alone, such as 4 << 20 and 10 * time.Second: they are
// chosen, and a test of one would repeat it.
func (v *finder) offByOne(n *ast.BasicLit) {
	if n.Kind != token.INT {
		return
	}
	if len(v.stack) > 1 {
		if b, ok := v.stack[len(v.stack)-2].(*ast.BinaryExpr); ok && (b.Op == token.SHL || isDuration(v.pkg.info.TypeOf(b))) {
			return
		}
	}
	value, exact := constant.Int64Val(constant.MakeFromLiteral(n.Value, n.Kind, 0))
	if !exact || value == 1<<63-1 {
		return
	}
	v.add("constant", n.Pos(), n.End(), strconv.FormatInt(value+1, 10))
}

func isDuration(t types.Type) bool { return t != nil && t.String() == "time.Duration" }

// swap exchanges two arguments in a row of one type.
func (v *finder) swap(n *ast.CallExpr) {
	for i := 1; i < len(n.Args); i++ {
		a, b := n.Args[i-1], n.Args[i]
		ta, tb := v.pkg.info.TypeOf(a), v.pkg.info.TypeOf(b)
		if ta == nil || tb == nil || !types.Identical(types.Default(ta), types.Default(tb)) || isCall(n, "min", "max", "append") {
			continue
		}
		if textA, textB := v.text(a), v.text(b); textA != textB && !n.Ellipsis.IsValid() {
			between := string(v.file.src[v.offset(a.End()):v.offset(b.Pos())])
			v.add("swap", a.Pos(), b.End(), textB+between+textA)
		}
	}
}

// zero returns a zero value, or the other boolean, in place of each result.
func (v *finder) zero(n *ast.ReturnStmt) {
	if len(v.sigs) == 0 || v.sigs[len(v.sigs)-1] == nil {
		return
	}
	results := v.sigs[len(v.sigs)-1].Results()
	if results.Len() != len(n.Results) {
		return
	}
	for i, r := range n.Results {
		if besideError(n, r) {
			continue
		}
		is, other := v.text(r), ""
		switch t := results.At(i).Type().Underlying().(type) {
		case *types.Basic:
			switch {
			case t.Info()&types.IsBoolean != 0:
				other = "!(" + is + ")"
				if not, ok := r.(*ast.UnaryExpr); ok && not.Op == token.NOT {
					other = v.text(not.X)
				} else if b, ok := r.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
					continue // binary does
				}
			case t.Info()&types.IsString != 0:
				other = `""`
			case t.Info()&types.IsNumeric != 0:
				other = "0"
			}
		case *types.Pointer, *types.Slice, *types.Map, *types.Interface, *types.Signature, *types.Chan:
			other = "nil"
		}
		if other != "" && other != is {
			v.add("result", r.Pos(), r.End(), other)
		}
	}
}

// dropCase leaves one of a clause's expressions out.
func (v *finder) dropCase(n *ast.CaseClause) {
	for i := range n.List {
		if len(n.List) == 1 {
			return
		}
		if i == 0 {
			v.add("case", n.List[0].Pos(), n.List[1].Pos(), "")
			continue
		}
		v.add("case", n.List[i-1].End(), n.List[i].End(), "")
	}
}

// dropField leaves a field of a struct unset, or an element of a slice or map out.
func (v *finder) dropField(n *ast.CompositeLit) {
	if v.fn == "" {
		return // tables, whose tests would be their copies
	}
	for i, e := range n.Elts {
		from, to := e.Pos(), e.End()
		if i+1 < len(n.Elts) {
			to = n.Elts[i+1].Pos()
		} else if i > 0 {
			from = n.Elts[i-1].End()
		}
		if kv, ok := e.(*ast.KeyValueExpr); ok && isZero(v.text(kv.Value)) {
			continue
		}
		v.add("field", from, to, "")
	}
}

func isZero(text string) bool {
	return text == "0" || text == "nil" || text == `""` || text == "false"
}

// dropFrom leaves out each statement of the list that others can do without.
func (v *finder) dropFrom(list []ast.Stmt) {
	for _, s := range list {
		if v.droppable(s) {
			v.add("drop", s.Pos(), s.End(), "")
		}
	}
}

func (v *finder) droppable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		// Locks are the race detector's.
		return !ok || !v.skip(call) && !isCall(call, "Lock", "Unlock", "RLock", "RUnlock")
	case *ast.DeferStmt:
		return !isCall(s.Call, "Unlock", "RUnlock", "Stop") && !v.skip(s.Call)
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE && !isBlank(s.Lhs)
	case *ast.IfStmt:
		return s.Init == nil || s.Else == nil
	case *ast.IncDecStmt, *ast.GoStmt, *ast.SendStmt, *ast.BranchStmt, *ast.RangeStmt:
		return true
	}
	return false
}

func isBlank(list []ast.Expr) bool {
	for _, e := range list {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			return false
		}
	}
	return true
}
