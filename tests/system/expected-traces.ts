/** The spans of each flow, by service and name, each below the one that caused it. */
export const confirmed = `
order: POST /orders
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.completed
          payment: publish payment.completed
            inventory: process payment.completed
              inventory: outbox inventory.reserved
                inventory: publish inventory.reserved
                  order: process inventory.reserved
                    order: outbox order.confirmed
                      order: publish order.confirmed
                        inventory: process order.confirmed
                        notification: process order.confirmed
                          notification: send mail confirmed
            order: process payment.completed`

export const declined = `
order: POST /orders
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.failed
          payment: publish payment.failed
            order: process payment.failed
              order: outbox order.cancelled
                order: publish order.cancelled
                  inventory: process order.cancelled
                  notification: process order.cancelled
                    notification: send mail cancelled
                  payment: process order.cancelled`

export const refunded = `
order: POST /orders
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.completed
          payment: publish payment.completed
            inventory: process payment.completed
              inventory: outbox inventory.failed
                inventory: publish inventory.failed
                  order: process inventory.failed
                    order: outbox payment.refund.requested
                      order: publish payment.refund.requested
                        payment: process payment.refund.requested
                          payment: gateway refund
                          payment: outbox payment.refunded
                            payment: publish payment.refunded
                              notification: process payment.refunded
                                notification: send mail refunded
                              order: process payment.refunded
                                order: outbox order.cancelled
                                  order: publish order.cancelled
                                    inventory: process order.cancelled
                                    notification: process order.cancelled
                                      notification: send mail cancelled
                                    payment: process order.cancelled
            order: process payment.completed`

export const paidTooLate = `
order: POST /orders
  order: outbox order.cancelled
    order: publish order.cancelled
      inventory: process order.cancelled
      notification: process order.cancelled
        notification: send mail cancelled
      payment: process order.cancelled
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.completed
          payment: publish payment.completed
            inventory: process payment.completed
              inventory: outbox inventory.failed
                inventory: publish inventory.failed
                  order: process inventory.failed
            order: process payment.completed
              order: outbox payment.refund.requested
                order: publish payment.refund.requested
                  payment: process payment.refund.requested
                    payment: gateway refund
                    payment: outbox payment.refunded
                      payment: publish payment.refunded
                        notification: process payment.refunded
                          notification: send mail refunded
                        order: process payment.refunded`
