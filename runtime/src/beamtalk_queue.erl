%%% Queues: OTP's `queue' under the key `queue'.
-module(beamtalk_queue).

-export([new/1, enqueue/2, dequeue/1, peek/1, is_empty/1, size/1]).

-compile({no_auto_import, [size/1]}).

-type queue() :: #{'$class' := module(), queue := queue:queue()}.

-spec new({'$class', module()}) -> queue().
new({'$class', Module}) ->
    (Module:'$fields'())#{'$class' => Module, queue => queue:new()}.

-spec enqueue(queue(), term()) -> queue().
enqueue(#{queue := Queue} = Self, Item) ->
    Self#{queue := queue:in(Item, Queue)}.

-spec dequeue(queue()) -> {term(), queue()}.
dequeue(#{queue := Queue} = Self) ->
    case queue:out(Queue) of
        {{value, Item}, Rest} -> {Item, Self#{queue := Rest}};
        {empty, _} -> empty(dequeue)
    end.

-spec peek(queue()) -> term().
peek(#{queue := Queue}) ->
    case queue:peek(Queue) of
        {value, Item} -> Item;
        empty -> empty(peek)
    end.

-spec is_empty(queue()) -> boolean().
is_empty(#{queue := Queue}) ->
    queue:is_empty(Queue).

-spec size(queue()) -> non_neg_integer().
size(#{queue := Queue}) ->
    queue:len(Queue).

-spec empty(atom()) -> no_return().
empty(Selector) ->
    beamtalk_error:raise(empty_queue, 'Queue', Selector, <<"Cannot dequeue or peek from an empty Queue">>).
