// Reads bytes as a client sends them and prints how many requests http_parser sees in them, and its error.
#include <http_parser.h>
#include <stdio.h>

static int count(http_parser *parser) {
  ++*(int *)parser->data;
  return 0;
}

int main(void) {
  static char bytes[1 << 20];
  size_t length = fread(bytes, 1, sizeof bytes, stdin);
  int requests = 0;
  http_parser parser = {.data = &requests};
  http_parser_settings settings = {.on_message_complete = count};
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &requests;
  http_parser_execute(&parser, &settings, bytes, length);
  printf("%d %s\n", requests, http_errno_name(HTTP_PARSER_ERRNO(&parser)));
  return 0;
}
