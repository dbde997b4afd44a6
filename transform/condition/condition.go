package condition

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

const (
	maxLength = 1000 // bytes of a condition
	maxNodes  = 200
)

// Subject is what a condition is evaluated on.
//
// It is passed by value: calls through function variables would move it to the heap.
type Subject struct {
	*schemas.Event
	// Type and Source come from the mapping's table unless the event sets them itself.
	Type, Source string
}

// Condition is a compiled condition. It is immutable.
type Condition struct{ holds func(Subject) bool }

// Holds reports whether the condition is true for an event.
func (c *Condition) Holds(s Subject) bool { return c.holds(s) }

// Compile parses a condition. Errors name what was found and what is allowed.
func Compile(text string) (*Condition, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("the condition has %d bytes: want %d at most", len(text), maxLength)
	}
	tree, err := parser.Parse(text)
	if err != nil {
		if at, ok := errors.AsType[*file.Error](err); ok {
			return nil, fmt.Errorf("the condition cannot be read at character %d: %s", at.Column+1, redact.Parser(errors.New(at.Message)))
		}
		return nil, fmt.Errorf("the condition cannot be read: %s", redact.Parser(err))
	}
	c := compiler{}
	v, err := c.value(tree.Node)
	if err != nil {
		return nil, err
	}
	if v.truth == nil {
		return nil, fmt.Errorf("the condition is %s: want something true or false, such as value >= 500", v)
	}
	return &Condition{v.truth}, nil
}

// compiler turns nodes into values.
type compiler struct{ nodes int }

func (c *compiler) value(n ast.Node) (value, error) {
	if c.nodes++; c.nodes > maxNodes {
		return value{}, fmt.Errorf("the condition has more than %d parts: want fewer, or several rules", maxNodes)
	}
	switch n := n.(type) {
	case *ast.StringNode:
		return constantText(n.Value), nil
	case *ast.IntegerNode:
		return constantNumber(schemas.NewDecimal(int64(n.Value), 0)), nil
	case *ast.FloatNode:
		return constantNumber(schemas.DecimalFromFloat(n.Value, 64)), nil
	case *ast.BoolNode:
		is := n.Value
		return value{what: fmt.Sprint(is), truth: func(Subject) bool { return is }}, nil
	case *ast.NilNode:
		return value{what: "nil", absent: true}, nil
	case *ast.IdentifierNode, *ast.MemberNode:
		return field(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	}
	return value{}, fmt.Errorf("%s is not known in conditions: want comparisons of fields with constants, and, or, not", shown(n))
}

func (c *compiler) unary(n *ast.UnaryNode) (value, error) {
	v, err := c.value(n.Node)
	switch {
	case err != nil:
		return value{}, err
	case (n.Operator == "!" || n.Operator == "not") && v.truth != nil:
		is := v.truth
		return value{what: "a negation", truth: func(s Subject) bool { return !is(s) }}, nil
	case n.Operator == "-" && v.isNumber():
		minus, err := schemas.ParseDecimal("-" + strings.TrimPrefix(v.decimal.String(), "-"))
		if err != nil || v.decimal.Sign() < 0 {
			return value{}, fmt.Errorf("%s is not a number", shown(n))
		}
		return constantNumber(minus), nil
	}
	return value{}, fmt.Errorf("%s cannot precede %s: want not, and after it something true or false", redact.Quote(n.Operator), v)
}

func (c *compiler) binary(n *ast.BinaryNode) (value, error) {
	if n.Operator == "in" {
		return c.in(n)
	}
	left, err := c.value(n.Left)
	if err != nil {
		return value{}, err
	}
	right, err := c.value(n.Right)
	if err != nil {
		return value{}, err
	}
	var truth func(Subject) bool
	switch n.Operator {
	case "and", "&&", "or", "||":
		truth = junction(n.Operator, left, right)
	case "==", "!=":
		if truth = equality(left, right); truth != nil && n.Operator == "!=" {
			is := truth
			truth = func(s Subject) bool { return !is(s) }
		}
	case "<", "<=", ">", ">=":
		truth = order(n.Operator, left, right)
	case "contains", "startsWith", "endsWith":
		truth = part(n.Operator, left, right)
	case "matches":
		truth, err = match(left, right)
	default:
		return value{}, fmt.Errorf("the operator %s is not known in conditions: want and, or, not, ==, !=, <, <=, >, >=, in, contains, startsWith, endsWith or matches",
			redact.Quote(n.Operator))
	}
	switch {
	case err != nil:
		return value{}, err
	case truth == nil:
		return value{}, fmt.Errorf("%s and %s cannot be on the two sides of %s", left, right, n.Operator)
	}
	return value{what: "a comparison", truth: truth}, nil
}

// in compiles field in [constants].
func (c *compiler) in(n *ast.BinaryNode) (value, error) {
	list, ok := n.Right.(*ast.ArrayNode)
	if !ok {
		return value{}, fmt.Errorf("%s is not a list: want constants in brackets after in", shown(n.Right))
	}
	left, err := c.value(n.Left)
	if err != nil {
		return value{}, err
	}
	var any []func(Subject) bool
	for _, item := range list.Nodes {
		v, err := c.value(item)
		if err != nil {
			return value{}, err
		}
		is := equality(left, v)
		if is == nil || !v.constant {
			return value{}, fmt.Errorf("%s cannot be in a list that %s is compared with", v, left)
		}
		any = append(any, is)
	}
	return value{what: "a comparison", truth: func(s Subject) bool {
		for _, is := range any {
			if is(s) {
				return true
			}
		}
		return false
	}}, nil
}

// shown returns a part of a condition as errors show it.
func shown(n ast.Node) string {
	if n == nil {
		return "nothing"
	}
	return redact.Quote(n.String())
}
