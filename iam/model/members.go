package model

import "claviger/internal/shape"

// members say what each member of IAM is for, in a sentence of ours. What a member means in one
// structure and not in all has that one's name before it. The OpenAPI document and the page show
// them.
var members = shape.Sentences{}
