// A GraphQL server on 127.0.0.1 for tests: graphql and graphql-http with a shop of orders. It wants
// `Authorization: Bearer TOKEN`. Its port is the first line that is printed.
//
//   node graphql.js TOKEN
const http = require('http');
const {GraphQLError, buildSchema} = require('graphql');
const {createHandler} = require('graphql-http/lib/use/http');

const [token] = process.argv.slice(2);

const schema = buildSchema(`
  type Order { id: ID!  who: String!  amount: Int!  tags: [String!]! }
  input NewOrder { who: String!  amount: Int!  tags: [String!] }
  type Query { order(id: ID!): Order }
  type Mutation { addOrder(order: NewOrder!): Order! }
`);

const orders = new Map();
const rootValue = {
  order: ({id}) => orders.get(id),
  addOrder: ({order}) => {
    if (order.amount <= 0) {
      throw new GraphQLError('an amount is more than 0', {extensions: {code: 'BAD_AMOUNT'}});
    }
    const made = {tags: [], ...order, id: String(orders.size + 1)};
    orders.set(made.id, made);
    return made;
  },
};

const handle = createHandler({schema, rootValue});
const server = http.createServer((request, response) => {
  if (request.headers.authorization !== `Bearer ${token}`) {
    response.writeHead(401, {'content-type': 'application/json'});
    response.end('{"errors":[{"message":"who are you?"}]}');
    return;
  }
  handle(request, response);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
