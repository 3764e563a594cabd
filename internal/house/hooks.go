package house

import (
	"context"
	"net/http"
	"slices"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/web/hooks"
)

// hookRoutes serve what other systems tell. Each member takes it in: as what people
// mark, it goes into the journal with the sequence that is expected there.
func (h *house) hookRoutes() func(*http.ServeMux) {
	return hooks.New(hooks.Config{Ready: h.starting.ready, Now: h.now, Log: h.log.Named("hooks"),
		Sources: func() []hooks.Source { return sourcesOf(h.cfg.Load().Hooks) },
		Known: func(product string) bool {
			return slices.ContainsFunc(h.cfg.Load().Products, func(p config.Product) bool { return p.ID == product })
		},
		Using: func(component string) []string { return productsUsing(h.cfg.Load(), component) },
		Take: func(ctx context.Context, t incident.Telling) error {
			_, err := h.ledger.Write(ctx, func(log incident.Log) (incident.Event, error) { return log.DoTell(h.now(), t) })
			return err
		}}).Routes
}

func sourcesOf(list []config.Hook) []hooks.Source {
	out := make([]hooks.Source, 0, len(list))
	for _, s := range list {
		out = append(out, hooks.Source{Name: s.Name, Kind: s.Kind, Secrets: []string{s.Secret.Reveal()}, Signed: s.Signed,
			Products: s.Products, Components: s.Components, Environments: s.Environments})
	}
	return out
}

// productsUsing are the products with a check that uses a component, or one that
// depends on it.
func productsUsing(cfg *config.Config, component string) (products []string) {
	on := map[string]bool{component: true}
	for grown := true; grown; {
		grown = false
		for _, c := range cfg.Components {
			if !on[c.ID] && slices.ContainsFunc(c.DependsOn, func(id string) bool { return on[id] }) {
				on[c.ID], grown = true, true
			}
		}
	}
	for _, c := range cfg.Checks {
		if slices.ContainsFunc(c.Uses, func(id string) bool { return on[id] }) && c.Product != "" && !slices.Contains(products, c.Product) {
			products = append(products, c.Product)
		}
	}
	return products
}
