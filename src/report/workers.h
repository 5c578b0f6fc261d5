/* What workers cost each other, as keys of the JSON report. */
#ifndef CK_REPORT_WORKERS_H
#define CK_REPORT_WORKERS_H

#include <chunkimg/chunkimg.h>
#include <jansson.h>

/* Adds them to a report that has its other keys. */
void ck_report_workers_json(json_t *to, const chunkimg_result *r);

#endif
