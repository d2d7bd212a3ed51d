local health = {
  status = "Progressing",
  message = "The operator has not reconciled the DubJob yet."
}

if obj.status == nil or obj.status.conditions == nil then
  return health
end

if obj.metadata.generation ~= nil and obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = "The operator has not reconciled the changed spec yet."
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local finished = conditions["Finished"]
if finished ~= nil then
  health.message = finished.reason .. ": " .. finished.message
end

if holds("Failed") then
  health.status = "Degraded"
elseif holds("Complete") then
  health.status = "Healthy"
elseif holds("Suspended") then
  health.status = "Suspended"
elseif finished ~= nil and finished.reason == "AwaitingReview" then
  -- The dub waits until a user approves the stage.
  health.status = "Suspended"
end

return health
