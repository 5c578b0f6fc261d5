/* Operations with arguments that take another way through the code than their defaults. */
#ifndef CK_TESTS_SUPPORT_OP_LIST_H
#define CK_TESTS_SUPPORT_OP_LIST_H

static const char *const op_arguments[] = {
    "gray=709", "blur=0.1", "blur=2", "blur=3.3", "blur=7", "blur=7.5", "blur=12.5", "sharpen=2,0.8", "sharpen=9,1,5",
    "box=2", "box=5", "box=9", "box=70", "median=2", "median=3", "median=5", "median=8", "median=12",
    "erode=2", "dilate=5", "open=2", "close=4",
    "sobel=x", "sobel=y", "scharr=x", "laplacian=signed", "bilateral=1.5,20", "conv=1 2 1 2 4 2 1 2 1", "gamma=0.6",
    "contrast=1.9", "conv=0 -1 0 -1 5 -1 0 -1 0", "conv=0 1 0 1 -4 1 0 1 0,result:magnitude",
    "conv=90 0 7 0 -110 0 3 0 55,7,0,signed", "conv=1 2 3 2 1 2 4 6 4 2 3 6 9 6 3 2 4 6 4 2 1 2 3 2 1",
    "burn=1", "levels=5,90,1.2,0,100", "threshold=77",
};

#endif
