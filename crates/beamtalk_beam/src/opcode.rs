//! The generic instructions of OTP 25: number, name and number of operands.
//!
//! Facts from OTP 25 `lib/compiler/src/genop.tab` (`beam_opcodes.erl`); numbers up to 180. Names without a
//! use in OTP 25 stay in the table, because old files name them.

use crate::TestOp;

macro_rules! opcodes {
    ($($variant:ident = $number:literal, $name:literal, $arity:literal;)*) => {
        /// A generic instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "named after the instructions of genop.tab")]
        pub enum Opcode {
            $($variant = $number,)*
        }

        impl Opcode {
            /// All of them by number, from 1.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in `genop.tab`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// Number of operands; a list counts as one.
            #[must_use]
            pub fn arity(self) -> u8 {
                match self {
                    $(Self::$variant => $arity,)*
                }
            }
        }
    };
}

opcodes! {
    Label = 1, "label", 1;
    FuncInfo = 2, "func_info", 3;
    IntCodeEnd = 3, "int_code_end", 0;
    Call = 4, "call", 2;
    CallLast = 5, "call_last", 3;
    CallOnly = 6, "call_only", 2;
    CallExt = 7, "call_ext", 2;
    CallExtLast = 8, "call_ext_last", 3;
    Bif0 = 9, "bif0", 2;
    Bif1 = 10, "bif1", 4;
    Bif2 = 11, "bif2", 5;
    Allocate = 12, "allocate", 2;
    AllocateHeap = 13, "allocate_heap", 3;
    AllocateZero = 14, "allocate_zero", 2;
    AllocateHeapZero = 15, "allocate_heap_zero", 3;
    TestHeap = 16, "test_heap", 2;
    Init = 17, "init", 1;
    Deallocate = 18, "deallocate", 1;
    Return = 19, "return", 0;
    Send = 20, "send", 0;
    RemoveMessage = 21, "remove_message", 0;
    Timeout = 22, "timeout", 0;
    LoopRec = 23, "loop_rec", 2;
    LoopRecEnd = 24, "loop_rec_end", 1;
    Wait = 25, "wait", 1;
    WaitTimeout = 26, "wait_timeout", 2;
    MPlus = 27, "m_plus", 4;
    MMinus = 28, "m_minus", 4;
    MTimes = 29, "m_times", 4;
    MDiv = 30, "m_div", 4;
    IntDiv = 31, "int_div", 4;
    IntRem = 32, "int_rem", 4;
    IntBand = 33, "int_band", 4;
    IntBor = 34, "int_bor", 4;
    IntBxor = 35, "int_bxor", 4;
    IntBsl = 36, "int_bsl", 4;
    IntBsr = 37, "int_bsr", 4;
    IntBnot = 38, "int_bnot", 3;
    IsLt = 39, "is_lt", 3;
    IsGe = 40, "is_ge", 3;
    IsEq = 41, "is_eq", 3;
    IsNe = 42, "is_ne", 3;
    IsEqExact = 43, "is_eq_exact", 3;
    IsNeExact = 44, "is_ne_exact", 3;
    IsInteger = 45, "is_integer", 2;
    IsFloat = 46, "is_float", 2;
    IsNumber = 47, "is_number", 2;
    IsAtom = 48, "is_atom", 2;
    IsPid = 49, "is_pid", 2;
    IsReference = 50, "is_reference", 2;
    IsPort = 51, "is_port", 2;
    IsNil = 52, "is_nil", 2;
    IsBinary = 53, "is_binary", 2;
    IsConstant = 54, "is_constant", 2;
    IsList = 55, "is_list", 2;
    IsNonemptyList = 56, "is_nonempty_list", 2;
    IsTuple = 57, "is_tuple", 2;
    TestArity = 58, "test_arity", 3;
    SelectVal = 59, "select_val", 3;
    SelectTupleArity = 60, "select_tuple_arity", 3;
    Jump = 61, "jump", 1;
    Catch = 62, "catch", 2;
    CatchEnd = 63, "catch_end", 1;
    Move = 64, "move", 2;
    GetList = 65, "get_list", 3;
    GetTupleElement = 66, "get_tuple_element", 3;
    SetTupleElement = 67, "set_tuple_element", 3;
    PutString = 68, "put_string", 3;
    PutList = 69, "put_list", 3;
    PutTuple = 70, "put_tuple", 2;
    Put = 71, "put", 1;
    Badmatch = 72, "badmatch", 1;
    IfEnd = 73, "if_end", 0;
    CaseEnd = 74, "case_end", 1;
    CallFun = 75, "call_fun", 1;
    MakeFun = 76, "make_fun", 3;
    IsFunction = 77, "is_function", 2;
    CallExtOnly = 78, "call_ext_only", 2;
    BsStartMatch = 79, "bs_start_match", 2;
    BsGetInteger = 80, "bs_get_integer", 5;
    BsGetFloat = 81, "bs_get_float", 5;
    BsGetBinary = 82, "bs_get_binary", 5;
    BsSkipBits = 83, "bs_skip_bits", 4;
    BsTestTail = 84, "bs_test_tail", 2;
    BsSave = 85, "bs_save", 1;
    BsRestore = 86, "bs_restore", 1;
    BsInit = 87, "bs_init", 2;
    BsFinal = 88, "bs_final", 2;
    BsPutInteger = 89, "bs_put_integer", 5;
    BsPutBinary = 90, "bs_put_binary", 5;
    BsPutFloat = 91, "bs_put_float", 5;
    BsPutString = 92, "bs_put_string", 2;
    BsNeedBuf = 93, "bs_need_buf", 1;
    Fclearerror = 94, "fclearerror", 0;
    Fcheckerror = 95, "fcheckerror", 1;
    Fmove = 96, "fmove", 2;
    Fconv = 97, "fconv", 2;
    Fadd = 98, "fadd", 4;
    Fsub = 99, "fsub", 4;
    Fmul = 100, "fmul", 4;
    Fdiv = 101, "fdiv", 4;
    Fnegate = 102, "fnegate", 3;
    MakeFun2 = 103, "make_fun2", 1;
    Try = 104, "try", 2;
    TryEnd = 105, "try_end", 1;
    TryCase = 106, "try_case", 1;
    TryCaseEnd = 107, "try_case_end", 1;
    Raise = 108, "raise", 2;
    BsInit2 = 109, "bs_init2", 6;
    BsBitsToBytes = 110, "bs_bits_to_bytes", 3;
    BsAdd = 111, "bs_add", 5;
    Apply = 112, "apply", 1;
    ApplyLast = 113, "apply_last", 2;
    IsBoolean = 114, "is_boolean", 2;
    IsFunction2 = 115, "is_function2", 3;
    BsStartMatch2 = 116, "bs_start_match2", 5;
    BsGetInteger2 = 117, "bs_get_integer2", 7;
    BsGetFloat2 = 118, "bs_get_float2", 7;
    BsGetBinary2 = 119, "bs_get_binary2", 7;
    BsSkipBits2 = 120, "bs_skip_bits2", 5;
    BsTestTail2 = 121, "bs_test_tail2", 3;
    BsSave2 = 122, "bs_save2", 2;
    BsRestore2 = 123, "bs_restore2", 2;
    GcBif1 = 124, "gc_bif1", 5;
    GcBif2 = 125, "gc_bif2", 6;
    BsFinal2 = 126, "bs_final2", 2;
    BsBitsToBytes2 = 127, "bs_bits_to_bytes2", 2;
    PutLiteral = 128, "put_literal", 2;
    IsBitstr = 129, "is_bitstr", 2;
    BsContextToBinary = 130, "bs_context_to_binary", 1;
    BsTestUnit = 131, "bs_test_unit", 3;
    BsMatchString = 132, "bs_match_string", 4;
    BsInitWritable = 133, "bs_init_writable", 0;
    BsAppend = 134, "bs_append", 8;
    BsPrivateAppend = 135, "bs_private_append", 6;
    Trim = 136, "trim", 2;
    BsInitBits = 137, "bs_init_bits", 6;
    BsGetUtf8 = 138, "bs_get_utf8", 5;
    BsSkipUtf8 = 139, "bs_skip_utf8", 4;
    BsGetUtf16 = 140, "bs_get_utf16", 5;
    BsSkipUtf16 = 141, "bs_skip_utf16", 4;
    BsGetUtf32 = 142, "bs_get_utf32", 5;
    BsSkipUtf32 = 143, "bs_skip_utf32", 4;
    BsUtf8Size = 144, "bs_utf8_size", 3;
    BsPutUtf8 = 145, "bs_put_utf8", 3;
    BsUtf16Size = 146, "bs_utf16_size", 3;
    BsPutUtf16 = 147, "bs_put_utf16", 3;
    BsPutUtf32 = 148, "bs_put_utf32", 3;
    OnLoad = 149, "on_load", 0;
    RecvMark = 150, "recv_mark", 1;
    RecvSet = 151, "recv_set", 1;
    GcBif3 = 152, "gc_bif3", 7;
    Line = 153, "line", 1;
    PutMapAssoc = 154, "put_map_assoc", 5;
    PutMapExact = 155, "put_map_exact", 5;
    IsMap = 156, "is_map", 2;
    HasMapFields = 157, "has_map_fields", 3;
    GetMapElements = 158, "get_map_elements", 3;
    IsTaggedTuple = 159, "is_tagged_tuple", 4;
    BuildStacktrace = 160, "build_stacktrace", 0;
    RawRaise = 161, "raw_raise", 0;
    GetHd = 162, "get_hd", 2;
    GetTl = 163, "get_tl", 2;
    PutTuple2 = 164, "put_tuple2", 2;
    BsGetTail = 165, "bs_get_tail", 3;
    BsStartMatch3 = 166, "bs_start_match3", 4;
    BsGetPosition = 167, "bs_get_position", 3;
    BsSetPosition = 168, "bs_set_position", 2;
    Swap = 169, "swap", 2;
    BsStartMatch4 = 170, "bs_start_match4", 4;
    MakeFun3 = 171, "make_fun3", 3;
    InitYregs = 172, "init_yregs", 1;
    RecvMarkerBind = 173, "recv_marker_bind", 2;
    RecvMarkerClear = 174, "recv_marker_clear", 1;
    RecvMarkerReserve = 175, "recv_marker_reserve", 1;
    RecvMarkerUse = 176, "recv_marker_use", 1;
    BsCreateBin = 177, "bs_create_bin", 6;
    CallFun2 = 178, "call_fun2", 3;
    NifStart = 179, "nif_start", 0;
    Badrecord = 180, "badrecord", 1;
}

impl Opcode {
    /// The instruction of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

impl TestOp {
    /// Its instruction.
    #[must_use]
    pub fn opcode(self) -> Opcode {
        match self {
            Self::IsLt => Opcode::IsLt,
            Self::IsGe => Opcode::IsGe,
            Self::IsEq => Opcode::IsEq,
            Self::IsNe => Opcode::IsNe,
            Self::IsEqExact => Opcode::IsEqExact,
            Self::IsNeExact => Opcode::IsNeExact,
            Self::IsInteger => Opcode::IsInteger,
            Self::IsFloat => Opcode::IsFloat,
            Self::IsNumber => Opcode::IsNumber,
            Self::IsAtom => Opcode::IsAtom,
            Self::IsPid => Opcode::IsPid,
            Self::IsReference => Opcode::IsReference,
            Self::IsPort => Opcode::IsPort,
            Self::IsNil => Opcode::IsNil,
            Self::IsBinary => Opcode::IsBinary,
            Self::IsBitstr => Opcode::IsBitstr,
            Self::IsList => Opcode::IsList,
            Self::IsNonemptyList => Opcode::IsNonemptyList,
            Self::IsTuple => Opcode::IsTuple,
            Self::IsBoolean => Opcode::IsBoolean,
            Self::IsFunction => Opcode::IsFunction,
            Self::IsFunction2 => Opcode::IsFunction2,
            Self::IsMap => Opcode::IsMap,
        }
    }
}
