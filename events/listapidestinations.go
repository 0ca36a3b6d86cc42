package events

import (
	"claviger/events/connection"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// ListApiDestinationsInput narrows the listing.
type ListApiDestinationsInput struct {
	NamePrefix    *string `shape:"ApiDestinationName"`
	ConnectionArn *string `shape:"ConnectionArn"`
	NextToken     *string `shape:"NextToken"`
	Limit         *int32  `shape:"LimitMax100"` // 1 to 100; absent: 100
	op.ByShape
}

// ListApiDestinationsOutput is a page in order of name. With a connection it may be shorter than
// asked for and not the last.
type ListApiDestinationsOutput struct {
	ApiDestinations []ApiDestination
	NextToken       string `json:",omitzero"`
}

// ApiDestination is what a listing says of an API destination.
type ApiDestination struct {
	ApiDestinationArn            string
	Name                         string
	ApiDestinationState          string
	ConnectionArn                string
	InvocationEndpoint           string
	HttpMethod                   string
	InvocationRateLimitPerSecond int32
	CreationTime                 wire.Time
	LastModifiedTime             wire.Time
}

func (s *Events) listAPIDestinations(c *op.Call,
	in ListApiDestinationsInput) (out ListApiDestinationsOutput, err error) {
	prefix, by := domain.Or(in.NamePrefix, ""), domain.Or(in.ConnectionArn, "")
	p, err := s.pages.Page(c, "ListApiDestinations", prefix+" "+by,
		int(domain.Or(in.Limit, usualPage)), in.NextToken)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	rows, err := s.connections.Destinations(c, account, region, prefix, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	rows, out.NextToken = domain.Cut(p, rows,
		func(d *connection.APIDestination) string { return d.Name })
	out.ApiDestinations = []ApiDestination{}
	for _, d := range rows {
		if by != "" && d.ConnectionARN != by {
			continue
		}
		state, err := s.stateOfDestination(c, d)
		if err != nil {
			return out, err
		}
		out.ApiDestinations = append(out.ApiDestinations, ApiDestination{ApiDestinationArn: d.ARN(),
			Name: d.Name, ApiDestinationState: state, ConnectionArn: d.ConnectionARN,
			InvocationEndpoint: d.Endpoint, HttpMethod: d.Method,
			InvocationRateLimitPerSecond: int32(d.Rate),
			CreationTime:                 wire.Time{Time: d.Created},
			LastModifiedTime:             wire.Time{Time: d.Modified}})
	}
	return out, nil
}
