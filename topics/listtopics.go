package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// pageSize is how many topics or subscriptions a page has.
const pageSize = 100

// ListTopicsInput asks for a page of the account's topics.
type ListTopicsInput struct {
	NextToken *string `shape:"nextToken"`
	op.ByShape
}

// ListTopicsOutput is a page, in order of name.
type ListTopicsOutput struct {
	Topics    []Topic
	NextToken string `json:",omitzero"`
}

// Topic is a topic in a list.
type Topic struct{ TopicArn string }

func (s *Topics) listTopics(c *op.Call, in ListTopicsInput) (out ListTopicsOutput, err error) {
	page, err := s.pages.Page(c, "ListTopics", "", pageSize, in.NextToken)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	names, err := s.rows.Names(account, region, page.After, pageSize+1)
	if err != nil {
		return out, err
	}
	names, out.NextToken = domain.Cut(page, names, func(name string) string { return name })
	out.Topics = []Topic{}
	for _, name := range names {
		out.Topics = append(out.Topics, Topic{topic.Ref{Account: account, Region: region,
			Name: name}.ARN()})
	}
	return out, nil
}
