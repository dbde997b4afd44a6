package shop

import (
	"fmt"
	"net/http"

	"github.com/tracklayer/amazon-capi/schemas"
)

// Product is something to buy. Cents are of a US dollar.
type Product struct {
	ID, Name, About string
	Cents           int64
}

// Price is the product's, in dollars with two decimals.
func (p Product) Price() string { return fmt.Sprintf("%d.%02d", p.Cents/100, p.Cents%100) }

func (p Product) amount() schemas.Decimal { return schemas.NewDecimal(p.Cents, 2) }

func catalogue() []Product {
	return []Product{
		{"tent", "Two-person tent", "Stands in a storm, packs to the size of a loaf.", 24900},
		{"stove", "Gas stove", "Boils a litre in three minutes, weighs less than a phone.", 5995},
		{"lamp", "Camp lantern", "Forty hours of warm light from one charge.", 3450},
	}
}

func find(id string) (Product, bool) {
	for _, p := range catalogue() {
		if p.ID == id {
			return p, true
		}
	}
	return Product{}, false
}

func (s *Shop) front(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "front.html", catalogue())
}

func (s *Shop) product(w http.ResponseWriter, r *http.Request) {
	p, ok := find(r.PathValue("id"))
	if !ok {
		s.refuse(w, r, http.StatusNotFound, "There is no such product.")
		return
	}
	s.show(w, r, http.StatusOK, "product.html", p)
}
