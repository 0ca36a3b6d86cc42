package domain

import "claviger/internal/op"

// Facets makes the descriptions of operations on one facet of a resource: a key's tags, a secret's
// versions. Each has two routes, because people look for both: the facet before the name, which
// may hold slashes as it stands, and behind it.
type Facets struct {
	Routes
	collection, member string
}

// Of returns the maker for the resources of a collection, such as /v1/keys, whose names are in the
// input's member.
func (r Routes) Of(collection, member string) Facets { return Facets{r, collection, member} }

// Get describes an operation that is performed by GET on a facet.
func (f Facets) Get(name, facet, doc string) op.Info { return f.facet(name, "GET", facet, doc) }

// Post describes an operation that is performed by POST on a facet.
func (f Facets) Post(name, facet, doc string) op.Info { return f.facet(name, "POST", facet, doc) }

// Put describes an operation that is performed by PUT on a facet.
func (f Facets) Put(name, facet, doc string) op.Info { return f.facet(name, "PUT", facet, doc) }

// Patch describes an operation that is performed by PATCH on a facet.
func (f Facets) Patch(name, facet, doc string) op.Info { return f.facet(name, "PATCH", facet, doc) }

// Delete describes an operation that is performed by DELETE on a facet.
func (f Facets) Delete(name, facet, doc string) op.Info {
	return f.facet(name, "DELETE", facet, doc)
}

func (f Facets) facet(name, method, facet, doc string) op.Info {
	resource := "/{" + f.member + "...}"
	return f.route(name, method, f.collection+"/"+facet+resource, doc).
		At(method, f.collection+resource+"/"+facet)
}
