#include "report/page.h"

#include "report/page_data.h"

/* Inside of a script element "</" and "<!--" would end it; JSON may spell "<" otherwise. */
static void write_json(FILE *to, const char *json)
{
    for (; *json; json++)
        if (*json == '<')
            fputs("\\u003c", to);
        else
            fputc(*json, to);
}

static void write_part(FILE *to, const ck_page_part *part)
{
    fwrite(part->bytes, 1, part->nbytes, to);
}

bool ck_report_page(FILE *to, const char *json)
{
    /* The policy forbids what the page does not do: a request to anywhere. */
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src "
          "'unsafe-inline'; img-src data:\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n"
          "<title>chunkimg bench</title>\n<style>\n",
          to);
    write_part(to, &ck_page_css);
    fputs("</style>\n</head>\n<body>\n", to);
    write_part(to, &ck_page_html);
    fputs("<script type=\"application/json\" id=\"data\">", to);
    write_json(to, json);
    fputs("</script>\n<script>\n", to);
    write_part(to, &ck_page_js);
    fputs("</script>\n</body>\n</html>\n", to);
    return !ferror(to);
}
