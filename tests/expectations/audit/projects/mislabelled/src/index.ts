export default {
  async fetch(): Promise<Response> {
    return new Response("the Operator OS");
  },
};
