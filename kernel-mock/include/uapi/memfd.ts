/** memfd_create (3.17): Linux include/uapi/linux/memfd.h. */

export const MFD_CLOEXEC = 0x1;
export const MFD_ALLOW_SEALING = 0x2;
export const MFD_HUGETLB = 0x4; // 4.14
export const MFD_NOEXEC_SEAL = 8; // 6.3
export const MFD_EXEC = 0x10; // 6.3
export const MFD_HUGE_SHIFT = 26;
export const MFD_HUGE_MASK = 63;
