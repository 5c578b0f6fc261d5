/* One self-contained HTML page: the data of a comparison as JSON, and what draws it. Nothing is loaded from anywhere. */
#ifndef CK_REPORT_PAGE_H
#define CK_REPORT_PAGE_H

#include <stdbool.h>
#include <stdio.h>

/* json: a document as bench writes it (chunkimg-bench/1). False: could not be written. */
bool ck_report_page(FILE *to, const char *json);

#endif
