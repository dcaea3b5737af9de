%%% Streams: descriptions of sequences.
%%%
%%% A generator is a fun that answers `done' or `{Element, NextGenerator}'. Describing runs nothing; a terminal operation pulls
%%% from the start and runs the finaliser, if there is one, when it ends in whatever way.
-module(beamtalk_stream).

-export([
    make/2,
    make/3,
    from/1,
    from/2,
    on/1,
    select/2,
    collect/2,
    reject/2,
    drop/2,
    take/2,
    do/2,
    inject/3,
    detect/2,
    detect/3,
    any_satisfy/2,
    all_satisfy/2,
    to_list/1
]).

-export_type([stream/0, generator/0]).

-type generator() :: fun(() -> done | {term(), generator()}).
-type stream() :: #{'$class' := module(), generator := generator(), description := binary(), finalizer => fun(() -> term())}.

-define(NONE_HINT, <<"No element matched the block; use `detect:ifNone:` to supply a default">>).

%% ---- sources -------------------------------------------------------------------------------------------------

-spec make(generator(), binary()) -> stream().
make(Generator, Description) ->
    #{'$class' => 'bt@stdlib@Stream', generator => Generator, description => Description}.

-spec make(generator(), binary(), fun(() -> term())) -> stream().
make(Generator, Description, Finalizer) ->
    (make(Generator, Description))#{finalizer => Finalizer}.

-spec from(term()) -> stream().
from(Start) when is_integer(Start) ->
    make(fun() -> counted(Start) end, <<"Stream(from: ", (integer_to_binary(Start))/binary, ")">>);
from(_) ->
    type_error('from:', <<"The start must be an Integer.">>).

counted(N) ->
    {N, fun() -> counted(N + 1) end}.

-spec from(term(), term()) -> stream().
from(Start, Block) when is_function(Block, 1) ->
    Description = <<"Stream(from: ", (start_text(Start))/binary, " by: [...])">>,
    make(fun() -> {Start, fun() -> iterated(Start, Block) end} end, Description);
from(_, _) ->
    not_a_block('from:by:', 1).

iterated(Previous, Block) ->
    Element = Block(Previous),
    {Element, fun() -> iterated(Element, Block) end}.

start_text(Start) when is_number(Start) -> beamtalk_print:print_string(Start);
start_text(Start) when is_binary(Start) -> <<"'", (beamtalk_print:display_string(Start))/binary, "'">>;
start_text(_) -> <<"...">>.

-spec on(term()) -> stream().
on(List) when is_list(List) ->
    make(listed(List), <<"Stream(on: [...])">>);
on(String) when is_binary(String) ->
    make(fun() -> beamtalk_string:next(String) end, <<"Stream(on: '...')">>);
on(#{'$class' := 'bt@stdlib@Set', elements := Elements}) ->
    make(listed(Elements), <<"Stream(on: Set(...))">>);
on(Dictionary) when is_map(Dictionary), not is_map_key('$class', Dictionary) ->
    type_error('on:', <<"Use doWithKey: or make a stream on its keys or values.">>);
on(_) ->
    type_error('on:', <<"A stream is made on a List, Set or String; send asList first.">>).

listed([Element | Rest]) -> fun() -> {Element, listed(Rest)} end;
listed([]) -> fun() -> done end.

%% ---- steps ---------------------------------------------------------------------------------------------------

-spec select(stream(), term()) -> stream().
select(Stream, Block) when is_function(Block, 1) ->
    step(Stream, <<"select: [...]">>, fun(Generator) -> filtered(Generator, Block, true, 'select:') end);
select(_, _) ->
    not_a_block('select:', 1).

-spec reject(stream(), term()) -> stream().
reject(Stream, Block) when is_function(Block, 1) ->
    step(Stream, <<"reject: [...]">>, fun(Generator) -> filtered(Generator, Block, false, 'reject:') end);
reject(_, _) ->
    not_a_block('reject:', 1).

filtered(Generator, Block, Wanted, Selector) ->
    case Generator() of
        done ->
            done;
        {Element, Next} ->
            case Block(Element) of
                Wanted -> {Element, fun() -> filtered(Next, Block, Wanted, Selector) end};
                Other when is_boolean(Other) -> filtered(Next, Block, Wanted, Selector);
                _ -> not_boolean(Selector)
            end
    end.

-spec collect(stream(), term()) -> stream().
collect(Stream, Block) when is_function(Block, 1) ->
    step(Stream, <<"collect: [...]">>, fun(Generator) -> mapped(Generator, Block) end);
collect(_, _) ->
    not_a_block('collect:', 1).

mapped(Generator, Block) ->
    case Generator() of
        done -> done;
        {Element, Next} -> {Block(Element), fun() -> mapped(Next, Block) end}
    end.

-spec drop(stream(), term()) -> stream().
drop(Stream, Count) when is_integer(Count), Count >= 0 ->
    Text = <<"drop: ", (integer_to_binary(Count))/binary>>,
    step(Stream, Text, fun(Generator) -> dropped(Generator, Count) end);
drop(_, _) ->
    bad_count('drop:').

dropped(Generator, 0) ->
    Generator();
dropped(Generator, Count) ->
    case Generator() of
        done -> done;
        {_, Next} -> dropped(Next, Count - 1)
    end.

step(#{generator := Generator, description := Description} = Stream, Text, Run) ->
    Stream#{generator := fun() -> Run(Generator) end, description := <<Description/binary, " | ", Text/binary>>}.

%% ---- terminal operations -------------------------------------------------------------------------------------

-spec take(stream(), term()) -> [term()].
take(Stream, Count) when is_integer(Count), Count >= 0 ->
    run(Stream, fun(Generator) -> taken(Generator, Count) end);
take(_, _) ->
    bad_count('take:').

taken(_, 0) ->
    [];
taken(Generator, Count) ->
    case Generator() of
        done -> [];
        {Element, Next} -> [Element | taken(Next, Count - 1)]
    end.

-spec do(stream(), term()) -> nil.
do(Stream, Block) when is_function(Block, 1) ->
    run(Stream, fun(Generator) -> each(Generator, Block) end);
do(_, _) ->
    not_a_block('do:', 1).

each(Generator, Block) ->
    case Generator() of
        done ->
            nil;
        {Element, Next} ->
            _ = Block(Element),
            each(Next, Block)
    end.

-spec inject(stream(), A, term()) -> A.
inject(Stream, Initial, Block) when is_function(Block, 2) ->
    run(Stream, fun(Generator) -> folded(Generator, Initial, Block) end);
inject(_, _, _) ->
    not_a_block('inject:into:', 2).

folded(Generator, Value, Block) ->
    case Generator() of
        done -> Value;
        {Element, Next} -> folded(Next, Block(Value, Element), Block)
    end.

-spec detect(stream(), term()) -> term().
detect(Stream, Block) when is_function(Block, 1) ->
    case found(Stream, Block, true, 'detect:') of
        {ok, Element} -> Element;
        none -> beamtalk_error:raise(not_found, 'Stream', 'detect:', ?NONE_HINT)
    end;
detect(_, _) ->
    not_a_block('detect:', 1).

-spec detect(stream(), term(), term()) -> term().
detect(Stream, Block, None) when is_function(Block, 1) ->
    case found(Stream, Block, true, 'detect:ifNone:') of
        {ok, Element} -> Element;
        none when is_function(None) -> beamtalk_block:value(None);
        none -> None
    end;
detect(_, _, _) ->
    not_a_block('detect:ifNone:', 1).

-spec any_satisfy(stream(), term()) -> boolean().
any_satisfy(Stream, Block) when is_function(Block, 1) -> found(Stream, Block, true, 'anySatisfy:') =/= none;
any_satisfy(_, _) -> not_a_block('anySatisfy:', 1).

-spec all_satisfy(stream(), term()) -> boolean().
all_satisfy(Stream, Block) when is_function(Block, 1) -> found(Stream, Block, false, 'allSatisfy:') =:= none;
all_satisfy(_, _) -> not_a_block('allSatisfy:', 1).

found(Stream, Block, Wanted, Selector) ->
    run(Stream, fun(Generator) -> searched(Generator, Block, Wanted, Selector) end).

searched(Generator, Block, Wanted, Selector) ->
    case Generator() of
        done ->
            none;
        {Element, Next} ->
            case Block(Element) of
                Wanted -> {ok, Element};
                Other when is_boolean(Other) -> searched(Next, Block, Wanted, Selector);
                _ -> not_boolean(Selector)
            end
    end.

-spec to_list(stream()) -> [term()].
to_list(Stream) ->
    run(Stream, fun all/1).

all(Generator) ->
    case Generator() of
        done -> [];
        {Element, Next} -> [Element | all(Next)]
    end.

run(#{finalizer := Finalizer, generator := Generator}, Operation) ->
    try
        Operation(Generator)
    after
        Finalizer()
    end;
run(#{generator := Generator}, Operation) ->
    Operation(Generator).

%% ---- errors --------------------------------------------------------------------------------------------------

-spec bad_count(atom()) -> no_return().
bad_count(Selector) ->
    type_error(Selector, <<"The count must be an Integer that is not negative.">>).

-spec not_boolean(atom()) -> no_return().
not_boolean(Selector) ->
    type_error(Selector, <<"The block must answer true or false.">>).

-spec not_a_block(atom(), arity()) -> no_return().
not_a_block(Selector, 1) -> type_error(Selector, <<"A block with 1 parameter is needed.">>);
not_a_block(Selector, 2) -> type_error(Selector, <<"A block with 2 parameters is needed.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Stream', Selector, Hint).
