/*
 * CK_CLONES before a leaf loop: the compiler makes it once for the baseline,
 * once for AVX2 and once for AVX-512, and the loader picks one. The loops use
 * integers (or floating point whose result is exact), so that every clone
 * gives the same bytes.
 *
 * Nothing where that is not to be had: other processors, compilers without
 * the names of the x86-64 levels, C libraries without ifunc, and the
 * sanitizers that need to be set up before the resolvers run. A build with
 * -DCK_CLONES= has none either.
 */
#ifndef CK_OP_CLONES_H
#define CK_OP_CLONES_H

#include <stdint.h> /* for __GLIBC__ */

#if !defined(CK_CLONES) && defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#if __GNUC__ >= 12 && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CK_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif
#endif

#ifndef CK_CLONES
#define CK_CLONES
#endif

/* Before a loop that may write where it has read, or behind: vectors are fine, though the compiler cannot know. */
#if defined(__clang__)
#define CK_IN_PLACE _Pragma("clang loop vectorize(assume_safety)")
#else
#define CK_IN_PLACE _Pragma("GCC ivdep")
#endif

/*
 * CK_X86_LANES: whether loops written for the vectors of x86 are compiled too;
 * the processor is asked before each is used. A build with -DCK_X86_LANES=0
 * has the plain C that other processors run.
 */
#ifndef CK_X86_LANES
#if defined(__x86_64__) && defined(__GNUC__)
#define CK_X86_LANES 1
#else
#define CK_X86_LANES 0
#endif
#endif

#endif
